import type { Timer } from "../../clock.ts";
import { isPowerOfTen } from "../../events.ts";
import { asError } from "../../legible.ts";
import type { BrokerAccess, RawMessage, RawSubscription } from "../../door/mod.ts";
import { type PullStatus, readPullStatus } from "../api/pull_status.ts";
import { type PullLimits, pullVerdict, tighter } from "./pull_verdict.ts";
import type { PullOwner, PullPlan } from "./puller.ts";
import type { Asker, Turns } from "./turns.ts";

/** How long to wait after a refusal, in milliseconds: at first, at most, and after one that does not pass by itself. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 1_000;
const REFUSED_WAIT = 5_000;
/** How long an answer may take before the consumer counts as stuck: in milliseconds at least, and in round trips. */
const LEAST_PATIENCE = 100;
const TRIPS = 4;
/** How long a stuck consumer is not asked, in milliseconds: it is paused, or has reached its `maxAckPending`. */
const STUCK = 2_000;
const NANOSECONDS = 1_000_000;
const encoder = new TextEncoder();

/** The consumer to ask, and how. */
export type TurnPlan = PullPlan & Pick<Asker, "isRare">;

/**
 * Asks one of several consumers that share places, when it is its turn. It makes one request at a time, which ends as soon
 * as the server has delivered what it has; so no message is in flight after that.
 */
export class TurnPuller implements Asker {
  isEmpty = false;
  readonly isRare: boolean;
  /** Always `false`: consumers with a group do not take turns. */
  readonly isPinned = false;
  readonly #access: BrokerAccess;
  readonly #plan: PullPlan;
  readonly #owner: PullOwner;
  readonly #turns: Turns;
  #limits: PullLimits = { batch: Infinity, expires: Infinity, bytes: 0 };
  #inbox = "";
  #subscription: RawSubscription | undefined;
  #asked = 0;
  #state: "closed" | "open" | "stopped" = "closed";
  #isDown = false;
  #isBusy = false;
  #answered: (() => void) | undefined;
  #limit: Timer | undefined;
  #retry: Timer | undefined;
  #wait = FIRST_WAIT;
  #patience = LEAST_PATIENCE;
  #stuckUntil = -Infinity;
  #counts = { refusals: 0, silences: 0, strange: 0 };

  constructor(access: BrokerAccess, plan: TurnPlan, owner: PullOwner, turns: Turns) {
    this.isRare = plan.isRare;
    this.#access = access;
    this.#plan = plan;
    this.#owner = owner;
    this.#turns = turns;
  }

  get asked(): number {
    return this.#asked;
  }

  get isReady(): boolean {
    return this.#state === "open" && !this.#isDown && !this.#isBusy && !this.#retry;
  }

  get isStuck(): boolean {
    return this.#access.clock.now() < this.#stuckUntil;
  }

  /** Listens; the server has the subscription once the connection is flushed. */
  listen(refused: (error: Error) => void): void {
    const inbox = this.#inbox = this.#access.newInbox();
    const take = (raw: RawMessage) => this.#take(raw, inbox);
    this.#subscription = this.#access.subscribe(inbox, take, { refused });
  }

  /** Allows requests from now on. */
  open(limits: PullLimits): void {
    if (this.#state === "stopped") return;
    this.#limits = limits;
    this.#state = "open";
    this.#turns.look();
  }

  fillSoon(): void {
    this.#turns.look();
  }

  probe(batch: number): Promise<void> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#ask(batch, 0, this.#patience, () => this.#unanswered());
    });
  }

  wait(batch: number, expires: number): void {
    const { heartbeat } = this.#plan;
    this.#ask(batch, expires, expires + heartbeat, () => this.#silent(expires + heartbeat));
  }

  get longest(): number {
    // the server sends no heartbeat during such a request, so limit the silence
    return Math.min(2 * this.#plan.heartbeat, this.#limits.expires);
  }

  async withdraw(): Promise<void> {
    this.#isBusy = true;
    const { clock } = this.#access;
    const [since, asked, old] = [clock.now(), this.#asked, this.#subscription];
    await old?.drain().catch((error) => this.#owner.report(asError(error)));
    this.#patience = Math.min(1_000, Math.max(LEAST_PATIENCE, TRIPS * (clock.now() - since)));
    this.#isBusy = false;
    // the connection was lost in the meantime, or this was stopped
    if (this.#subscription !== old || this.#state === "stopped") return;
    this.listen((error) => this.#owner.report(error));
    this.isEmpty = this.#asked === asked;
    this.#over();
  }

  /** Reports that the connection is lost, and every request with it. */
  lost(): void {
    this.#isDown = true;
    this.#renew();
  }

  /** Reports that the connection is back. */
  back(): void {
    this.#isDown = false;
    this.#wait = FIRST_WAIT;
    this.#counts.silences = 0;
    this.#turns.look();
  }

  /** Makes no further request; resolves once no message is in flight. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    await this.#subscription?.drain();
    this.#end();
  }

  /** Ends it at once. */
  close(): void {
    this.#state = "stopped";
    this.#subscription?.unsubscribe();
    this.#end();
  }

  #ask(most: number, expires: number, limit: number, late: () => void): void {
    const batch = Math.min(most, this.#limits.batch);
    const { bytes } = this.#limits;
    const size = bytes > 0 ? `,"max_bytes":${bytes}` : "";
    // without `expires` the server answers at once if it has nothing
    const end = expires > 0 ? `,"expires":${expires * NANOSECONDS}` : "";
    this.isEmpty = false;
    this.#asked = batch;
    try {
      const request = encoder.encode(`{"batch":${batch},"no_wait":true${end}${size}}`);
      const options = { replyTo: this.#inbox, isRepeated: true };
      this.#access.publish(this.#plan.subject, request, options);
    } catch (error) {
      this.#owner.report(asError(error));
      return this.#askLater(LONGEST_WAIT);
    }
    this.#limit = this.#access.clock.setTimeout(late, limit);
  }

  #take(raw: RawMessage, inbox: string): void {
    const isOfNow = inbox === this.#inbox;
    const isStatus = raw.subject === inbox;
    // the status of an earlier request says nothing about the current one
    if (isStatus) return isOfNow && this.#asked > 0 ? this.#status(raw) : undefined;
    if (!this.#owner.take(raw)) return this.#tellStrange(raw);
    this.#wait = FIRST_WAIT;
    this.#counts.silences = 0;
    if (!isOfNow) return;
    this.#asked = Math.max(0, this.#asked - 1);
    if (this.#asked === 0 && !this.#isBusy) this.#over();
  }

  #status(raw: RawMessage): void {
    const status = readPullStatus(raw);
    if (status.code === 0) return this.#tellStrange(raw);
    // a request that is being withdrawn ends in any case
    if (status.code === 100 || this.#isBusy) return;
    if (isEnd(status)) {
      this.#wait = FIRST_WAIT;
      this.#counts.silences = this.#counts.refusals = 0;
      this.isEmpty = true;
      return this.#over();
    }
    const verdict = pullVerdict(status, this.#limits.bytes);
    if (verdict === "ended") this.#over();
    else if (verdict === "again") this.#askLater(this.#nextWait());
    else if (verdict === "gone") this.#restore();
    else this.#refused(verdict);
  }

  /** Handles a refusal that would be the same a moment later. */
  #refused(words: string): void {
    const limits = tighter(this.#limits, words);
    if (limits) {
      this.#limits = limits;
      return this.#askLater(this.#nextWait());
    }
    if (isPowerOfTen(++this.#counts.refusals)) {
      this.#tell("messages", `the server must accept the request: ${words}`);
    }
    this.#askLater(REFUSED_WAIT);
  }

  /** Handles a consumer that has messages but does not deliver them: it is paused, or has reached its `maxAckPending`. */
  #unanswered(): void {
    this.#stuckUntil = this.#access.clock.now() + STUCK;
    this.withdraw().catch((error) => this.#owner.report(asError(error)));
  }

  /** Handles a server that is silent at the end of a request: it has lost the request. */
  #silent(silent: number): void {
    if (this.#counts.silences === 0) this.#access.suspect();
    if (++this.#counts.silences === 2) {
      const found = `${Math.round(silent)} ms without a word`;
      this.#tell("messages", `the server must say when there are none: ${found}`);
    }
    this.#renew();
    this.#turns.look();
  }

  #askLater(wait: number): void {
    this.#renew();
    this.#retry ??= this.#access.clock.setTimeout(() => {
      this.#retry = undefined;
      this.#turns.look();
    }, wait);
  }

  /** Handles a consumer that does not exist, or a JetStream without a leader. */
  #restore(): void {
    this.#renew();
    this.#isBusy = true;
    const done = (error?: unknown) => {
      this.#isBusy = false;
      if (this.#state !== "open") return;
      if (error === undefined) this.#counts.refusals = 0;
      else if (isPowerOfTen(++this.#counts.refusals)) this.#owner.report(asError(error));
      this.#askLater(this.#nextWait());
    };
    this.#owner.restore().then(() => done(), (error) => done(error));
  }

  #nextWait(): number {
    const wait = this.#wait;
    this.#wait = Math.min(LONGEST_WAIT, wait * 2);
    return wait;
  }

  /** Makes the server forget the request; messages that it has already sent still arrive. */
  #renew(): void {
    if (this.#state === "stopped") return this.#end();
    this.#subscription?.drain().catch((error) => this.#owner.report(asError(error)));
    this.listen((error) => this.#owner.report(error));
    this.#end();
  }

  /** Handles the end of a request; no message is in flight. */
  #over(): void {
    const isProbe = this.#answered !== undefined;
    this.#end();
    // the caller of `probe()` goes on with the other consumers itself
    if (!isProbe) this.#turns.ended(this);
  }

  #end(): void {
    this.#asked = 0;
    this.#limit?.clear();
    if (this.#state === "stopped") this.#retry?.clear();
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.();
  }

  /** Reports a message that is not from the server: every client that knows the inbox can write to it. */
  #tellStrange({ subject }: RawMessage): void {
    if (!isPowerOfTen(++this.#counts.strange)) return;
    const rule = "it must be a delivery or a status of the server: it is neither";
    this.#tell("a message", rule, subject);
  }

  #tell(what: string, rule: string, cause?: unknown): void {
    const sentence = `Cannot take ${what} of the ${this.#plan.what} as ${rule}`;
    this.#owner.report(new Error(sentence, { cause }));
  }
}

/** Whether the request has ended without further messages, because the consumer has none or other requests get them. */
function isEnd({ code }: PullStatus): boolean {
  return code === 404 || code === 408;
}
