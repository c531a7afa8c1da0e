import type { Timer } from "../../clock.ts";
import { asError } from "../../legible.ts";
import type { BrokerAccess, RawMessage, RawSubscription } from "../../door/mod.ts";
import { type PullStatus, readPullStatus } from "../api/pull_status.ts";
import { Patience } from "./patience.ts";
import { PullReports } from "./pull_reports.ts";
import { type PullLimits, pullVerdict, tighter } from "./pull_verdict.ts";
import type { PullOwner, PullPlan } from "./puller.ts";
import { removalTime } from "./removal.ts";
import type { Asker, Turns } from "./turns.ts";

/** How long to wait after a refusal, in milliseconds: at first, at most, and after one that does not pass by itself. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 1_000;
const REFUSED_WAIT = 5_000;
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
  readonly #patience: Patience;
  readonly #reports: PullReports;
  #limits: PullLimits = { batch: Infinity, expires: Infinity, bytes: 0 };
  #inbox = "";
  #subscription: RawSubscription | undefined;
  #asked = 0;
  #state: "closed" | "open" | "stopped" = "closed";
  #isDown = false;
  #isBusy = false;
  /** Whether the server has answered a request while it was being withdrawn. */
  #isLate = false;
  #answered: (() => void) | undefined;
  #limit: Timer | undefined;
  #retry: Timer | undefined;
  #wait = FIRST_WAIT;
  #silences = 0;

  constructor(access: BrokerAccess, plan: TurnPlan, owner: PullOwner, turns: Turns) {
    this.isRare = plan.isRare;
    this.#access = access;
    this.#plan = plan;
    this.#owner = owner;
    this.#turns = turns;
    this.#patience = new Patience(access.clock);
    this.#reports = new PullReports(plan.what, (error) => owner.report(error));
  }

  get asked(): number {
    return this.#asked;
  }

  get isReady(): boolean {
    return this.#state === "open" && !this.#isDown && !this.#isBusy && !this.#retry;
  }

  get isStuck(): boolean {
    return this.#patience.isStuck;
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
      this.#ask(batch, 0, this.#patience.limit, () => this.#unanswered());
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
    if (await this.#drain()) this.#over();
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
    this.#silences = 0;
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

  /** Ends the request at the server; returns `false` if the connection was lost in the meantime, or this was stopped. */
  async #drain(): Promise<boolean> {
    this.#isBusy = true;
    this.#isLate = false;
    const [asked, old] = [this.#asked, this.#subscription];
    await this.#patience.measure(() => old?.drain())
      .catch((error) => this.#owner.report(asError(error)));
    this.#isBusy = false;
    if (this.#subscription !== old || this.#state === "stopped") return false;
    this.listen((error) => this.#owner.report(error));
    this.isEmpty = this.#asked === asked;
    return true;
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
    if (!this.#owner.take(raw)) return this.#reports.strange(raw);
    this.#wait = FIRST_WAIT;
    this.#silences = 0;
    if (!isOfNow) return;
    this.#asked = Math.max(0, this.#asked - 1);
    if (this.#asked === 0 && !this.#isBusy) this.#over();
  }

  #status(raw: RawMessage): void {
    const status = readPullStatus(raw);
    if (status.code === 0) return this.#reports.strange(raw);
    if (status.code === 100) return;
    // a request that is being withdrawn ends in any case
    if (this.#isBusy) {
      this.#isLate = true;
      return;
    }
    if (isEnd(status)) {
      this.#wait = FIRST_WAIT;
      this.#silences = 0;
      this.#reports.accepted();
      this.isEmpty = true;
      return this.#over();
    }
    const verdict = pullVerdict(status, this.#limits.bytes);
    if (verdict === "ended") this.#over();
    else if (verdict === "again") this.#askLater(this.#nextWait());
    else if (verdict === "gone") {
      this.#askLater(removalTime(this.#access.clock), () => this.#restore());
    } else this.#refused(verdict);
  }

  /** Handles a refusal that would be the same a moment later. */
  #refused(words: string): void {
    const limits = tighter(this.#limits, words);
    if (limits) {
      this.#limits = limits;
      return this.#askLater(this.#nextWait());
    }
    this.#reports.refused(words);
    this.#askLater(REFUSED_WAIT);
  }

  /** Handles a consumer that has not answered in time. */
  #unanswered(): void {
    const waited = this.#patience.limit;
    this.#drain().then((isOver) => {
      if (!isOver) return;
      // a stuck one has messages but does not deliver them: it is paused, or has reached its `maxAckPending`
      const isSilent = this.isEmpty && !this.#isLate;
      if (isSilent) this.isEmpty = this.#patience.judge(waited);
      this.#over();
    }).catch((error) => this.#owner.report(asError(error)));
  }

  /** Handles a server that is silent at the end of a request: it has lost the request. */
  #silent(silent: number): void {
    if (this.#silences === 0) this.#access.suspect();
    if (++this.#silences === 2) this.#reports.silent(silent);
    this.#renew();
    this.#turns.look();
  }

  #askLater(wait: number, ask: () => void = () => this.#turns.look()): void {
    this.#renew();
    this.#retry ??= this.#access.clock.setTimeout(() => {
      this.#retry = undefined;
      ask();
    }, wait);
  }

  /** Handles a consumer that does not exist, or a JetStream without a leader. */
  #restore(): void {
    if (this.#isDown || this.#state !== "open") return;
    this.#isBusy = true;
    const done = (error?: unknown) => {
      this.#isBusy = false;
      if (this.#state !== "open") return;
      if (error === undefined) this.#reports.accepted();
      else this.#reports.missing(error);
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
}

/** Whether the request has ended without further messages, because the consumer has none or other requests get them. */
function isEnd({ code }: PullStatus): boolean {
  return code === 404 || code === 408;
}
