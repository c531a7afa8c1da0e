import type { Timer } from "../../clock.ts";
import { asError } from "../../legible.ts";
import type { BrokerAccess, RawMessage, RawSubscription } from "../../door/mod.ts";
import { readPullStatus } from "../api/pull_status.ts";
import type { GroupSettings } from "./group.ts";
import { GroupMember } from "./group_member.ts";
import { PullReports } from "./pull_reports.ts";
import { type PullLimits, pullRequest, pullVerdict, tighter, WRONG_PIN } from "./pull_verdict.ts";
import { removalTime } from "./removal.ts";
import { Silence } from "./silence.ts";

/** How long a request waits for messages, in milliseconds. */
const EXPIRES = 30_000;
/** How often to ask while the server is silent, or has no consumer for us, in milliseconds: at first, and at most. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 1_000;
/** How often to ask a server that refuses what we ask, in milliseconds. */
const REFUSED_WAIT = 5_000;
/** How many requests wait at most. */
const MOST_REQUESTS = 8;

/** Which consumer is asked, and how. */
export interface PullPlan {
  /** Where it is asked, without `$JS.API`: `CONSUMER.MSG.NEXT.ORDERS.billing`, behind the prefix. */
  readonly subject: string;
  /** For messages: `consumer "billing" of "ORDERS"`. */
  readonly what: string;
  /** Milliseconds. */
  readonly heartbeat: number;
  readonly group: GroupSettings | undefined;
}

/** Gets what is pulled. */
export interface PullOwner {
  /** How many more messages there are places for. */
  readonly room: number;
  /** How many places there are in all. */
  readonly places: number;
  /** Takes a delivery; returns whether it was one. */
  take(raw: RawMessage): boolean;
  /** The consumer is not there; resolves once it is again, and rejects if it cannot be. */
  restore(): Promise<void>;
  report(error: Error): void;
}

/**
 * Asks a consumer for as many messages as there are places for, and no more, so that none waits here while its time runs.
 * A request ends with the connection, with the leader of the consumer, and with the consumer: then it is asked again, at
 * an inbox of its own, as an old request must not be served besides the new one.
 */
export class Puller {
  readonly #access: BrokerAccess;
  readonly #plan: PullPlan;
  readonly #owner: PullOwner;
  readonly #silence: Silence;
  readonly #member: GroupMember | undefined;
  readonly #reports: PullReports;
  #limits: PullLimits = { batch: Infinity, expires: EXPIRES, bytes: 0 };
  #inbox = "";
  #subscription: RawSubscription | undefined;
  /** How many messages may come. */
  #asked = 0;
  /** How many requests for them the server has at most. */
  #requests = 0;
  #state: "closed" | "open" | "stopped" = "closed";
  #isDown = false;
  #isFilling = false;
  /** Wakes us to ask again after a refusal. */
  #retry: Timer | undefined;
  #wait = FIRST_WAIT;
  #restoring = false;
  #silences = 0;

  constructor(access: BrokerAccess, plan: PullPlan, owner: PullOwner) {
    this.#access = access;
    this.#plan = plan;
    this.#owner = owner;
    const isWaiting = () => this.#state === "open" && this.#asked > 0 && !this.#isDown;
    const silent = (milliseconds: number) => this.#silent(milliseconds);
    this.#silence = new Silence(access.clock, plan.heartbeat, isWaiting, silent);
    this.#reports = new PullReports(plan.what, (error) => owner.report(error));
    this.#member = plan.group && new GroupMember(access, plan.subject, plan.group);
  }

  /** Whether this process is the active one of its group. */
  get isPinned(): boolean {
    return this.#member?.isPinned === true;
  }

  /** Listens; the server has the subscription once the connection is flushed. */
  listen(refused: (error: Error) => void): void {
    const inbox = this.#inbox = this.#access.newInbox();
    const take = (raw: RawMessage) => this.#take(raw, inbox);
    this.#subscription = this.#access.subscribe(inbox, take, { refused });
  }

  /** Begins to ask. */
  open(limits: PullLimits): void {
    if (this.#state === "stopped") return;
    const { batch, expires, bytes } = limits;
    this.#limits = { batch, expires: Math.min(expires, EXPIRES), bytes };
    this.#state = "open";
    this.fill();
  }

  /** Asks for what there is room for, a little later, so that many places are asked for at once. */
  fillSoon(): void {
    if (this.#isFilling || this.#asked * 2 > this.#owner.places) return;
    this.#isFilling = true;
    queueMicrotask(() => {
      this.#isFilling = false;
      this.fill();
    });
  }

  /** Asks for what there is room for. */
  fill(): void {
    if (this.#state !== "open" || this.#isDown || this.#retry || this.#restoring) return;
    const wanted = Math.min(this.#owner.room - this.#asked, this.#limits.batch);
    // a request for each place that becomes free would cost as much as its message
    if (wanted <= 0 || this.#asked * 2 > this.#owner.places) return;
    if (this.#requests < MOST_REQUESTS) return this.#ask(wanted);
    // one request for all in place of many, of which a server takes a limited number
    const all = wanted + this.#asked;
    this.#renew();
    this.#ask(Math.min(all, this.#limits.batch));
  }

  /** The connection is lost, and with it every request. */
  lost(): void {
    this.#isDown = true;
    this.#clear();
    this.#renew();
  }

  /** The connection is there again. */
  back(): void {
    this.#isDown = false;
    this.#wait = FIRST_WAIT;
    this.#silences = 0;
    this.fill();
  }

  /** Asks no more; resolves once nothing is on its way. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    this.#clear();
    await this.#subscription?.drain();
  }

  /** Ends it at once. */
  close(): void {
    this.#state = "stopped";
    this.#clear();
    this.#member?.lose();
    this.#subscription?.unsubscribe();
  }

  #ask(batch: number): void {
    const fields = this.#member?.fields ?? "";
    const request = pullRequest(batch, this.#limits, this.#plan.heartbeat, fields);
    try {
      const options = { replyTo: this.#inbox, isRepeated: true };
      this.#access.publish(this.#plan.subject, request, options);
    } catch (error) {
      this.#owner.report(asError(error));
      return this.#askLater(LONGEST_WAIT);
    }
    // after a silence nothing was heard yet
    if (this.#asked === 0 && this.#silences === 0) this.#silence.heard();
    this.#asked += batch;
    this.#requests++;
    this.#silence.watch();
  }

  #take(raw: RawMessage, inbox: string): void {
    const isOfNow = inbox === this.#inbox;
    const isStatus = raw.subject === inbox;
    // what a request of before was still given is ours; how it ended says nothing of the new ones
    if (!isOfNow && isStatus) return;
    if (isOfNow) {
      this.#silence.heard();
      this.#silences = 0;
    }
    if (isStatus) return this.#status(raw);
    if (!this.#owner.take(raw)) return this.#reports.strange(raw);
    const isNew = this.#member?.note(raw);
    this.#wait = FIRST_WAIT;
    if (!isOfNow) return;
    this.#asked = Math.max(0, this.#asked - 1);
    if (this.#asked === 0) this.#requests = 0;
    // the server will serve only the request that brought the pin, so the others of this process have to be made again
    if (isNew && this.#requests > 1) this.#renew();
    this.fillSoon();
  }

  #status(raw: RawMessage): void {
    const status = readPullStatus(raw);
    if (status.code === 0) return this.#reports.strange(raw);
    const verdict = pullVerdict(status, this.#limits.bytes);
    if (status.code === WRONG_PIN) this.#member?.lose();
    switch (verdict) {
      case "alive":
        this.#wait = FIRST_WAIT;
        return;
      case "ended":
        this.#asked = Math.max(0, this.#asked - status.pendingMessages);
        return this.fill();
      case "again":
        return this.#askLater(this.#nextWait(), true);
      case "gone":
        // another process of the group makes the consumer again, and knows where to go on
        if (this.#member?.givesWay()) return this.#askLater(LONGEST_WAIT, true);
        return this.#askLater(removalTime(this.#access.clock), true, () => this.#restore());
      default:
        this.#refused(verdict);
    }
  }

  /** The server does not do what we ask, and would not a moment later. */
  #refused(words: string): void {
    const limits = tighter(this.#limits, words);
    if (limits) {
      this.#limits = limits;
      return this.#askLater(this.#nextWait(), true);
    }
    this.#reports.refused(words);
    this.#askLater(REFUSED_WAIT, true);
  }

  /** Asks again later; with a new inbox the server forgets what it still has of us. */
  #askLater(wait: number, isNew = false, ask: () => void = () => this.fill()): void {
    if (isNew) this.#renew();
    this.#retry ??= this.#access.clock.setTimeout(() => {
      this.#retry = undefined;
      ask();
    }, wait);
  }

  /** There is no such consumer, or JetStream has no leader. */
  #restore(): void {
    if (this.#restoring || this.#state !== "open") return;
    this.#restoring = true;
    const done = (error?: unknown) => {
      this.#restoring = false;
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

  /** Forgets the requests, and has the server forget them; what it has sent already still comes. */
  #renew(): void {
    this.#asked = this.#requests = 0;
    this.#subscription?.drain().catch((error) => this.#owner.report(asError(error)));
    this.listen((error) => this.#owner.report(error));
  }

  /** It is asked again and again: a new leader does not know of us. */
  #silent(silent: number): void {
    if (this.#silences === 0) this.#access.suspect();
    if (++this.#silences === 2) this.#reports.silent(silent);
    this.#renew();
    this.fill();
    this.#silence.watch(LONGEST_WAIT);
  }

  #clear(): void {
    this.#retry?.clear();
    this.#retry = undefined;
    this.#silence.clear();
    this.#asked = this.#requests = 0;
  }
}
