import type { Clock, Timer } from "../clock.ts";
import { ConnectionError, PermissionError, SubscriptionError } from "../errors.ts";
import { asError } from "../legible.ts";
import type { EventFeed } from "../events.ts";
import type { ErrorReports } from "./error_reports.ts";
import type {
  KeptSubscription,
  MessageSink,
  Subscriptions,
  SubscriptionWatch,
} from "./subscriptions.ts";
import { type SentBatch, UnconfirmedBatches } from "./unconfirmed.ts";

/** How often what was refused is subscribed again, in milliseconds; tests make it shorter. */
export const RESUBSCRIBING = { interval: 30_000 };
/** So many without a place end a round: if there is no room for these, there is none for the others. */
const VAIN = 8;

/** What is sent goes through it. */
interface Asking {
  /** Asks the server; rejects where the connection goes before the answer. */
  confirm(): Promise<void>;
  /** Asks the server within a second. */
  confirmSoon(): void;
  /** The server has refused what the program itself has published. */
  messageRefused(error: Error): void;
}

/** What the refusals does things by. */
export interface TrackerContext {
  readonly clock: Clock;
  readonly out: () => Asking;
  readonly listed: () => Subscriptions;
}

/**
 * What the server has refused of all that was sent, and which subscriptions it therefore lacks. A refusal that names no
 * subject belongs to what was sent between the questions around it. What comes back is subscribed again at each
 * reconnect, and every 30 s.
 */
export class RefusalTracker implements SubscriptionWatch {
  readonly #feed: EventFeed;
  readonly #reports: ErrorReports;
  readonly #ways: TrackerContext;
  readonly #unconfirmed = new UnconfirmedBatches();
  /** What comes back, each with what the server said last; the one that was tried last is the last. */
  readonly #lost = new Map<KeptSubscription, Error>();
  /** What the line has refused by its subject, before the refusal itself is told. */
  readonly #named = new Map<string, "new" | "again">();
  #isUp = false;
  #timer: Timer | undefined;
  /** What must be through before anybody is told that the server has all. */
  #work: Promise<unknown> | undefined;

  constructor(feed: EventFeed, reports: ErrorReports, ways: TrackerContext) {
    this.#feed = feed;
    this.#reports = reports;
    this.#ways = ways;
  }

  subscribed(entry: KeptSubscription): void {
    if (!this.#isUp) return;
    this.#unconfirmed.open.entries.push(entry);
    this.#ways.out().confirmSoon();
  }

  /** The program has published there. */
  published(subject: string): void {
    if (this.#unconfirmed.published(subject)) void this.#ask();
  }

  refused(entry: KeptSubscription, error: Error): void {
    this.#named.set(entry.subject, this.#lost.has(entry) ? "again" : "new");
    this.#lose(entry, error);
  }

  ended(entry: KeptSubscription): void {
    this.#lost.delete(entry);
    if (this.#lost.size === 0) this.#disarm();
  }

  /** A question leaves for the server; gives what to call when it is answered, in that very turn. */
  flushSent(): () => void {
    const batch = this.#unconfirmed.flush();
    return () => this.#safely(() => this.#confirmed(batch));
  }

  /** The server has refused something; its words may have the number of a subscription. */
  serverError(fault: Error, words: string): void {
    if (fault instanceof PermissionError) {
      if (fault.operation === "publish") this.#refusePublish(fault, words);
      else this.#refuseSubscription(fault, words);
    } else if (fault instanceof ConnectionError) this.#reports.serverError(fault);
    else {
      const isKept = this.#unconfirmed.oldest.refused(fault);
      if (!isKept) this.#fail(fault);
      if (!this.#unconfirmed.isFlushing) void this.#ask();
    }
  }

  /** The connection is there: the server has been told of all but what was lost. */
  connected(): void {
    this.#isUp = true;
    for (const entry of this.#ways.listed().entries) this.#unconfirmed.open.entries.push(entry);
    if (this.#lost.size > 0) this.#retry();
  }

  /** The connection has gone. */
  disconnected(): void {
    this.#isUp = false;
    this.#named.clear();
    this.#disarm();
    for (const error of this.#unconfirmed.clear()) this.#reports.serverError(error);
  }

  /** The connection is closed for good: nothing comes back. */
  close(): void {
    this.disconnected();
    this.#lost.clear();
  }

  /** Subscribes again what was refused to a sink; a flush tells the outcome. */
  retry(sink: MessageSink): void {
    for (const entry of this.#isUp ? [...this.#lost.keys()] : []) {
      if (entry.isOf(sink) && entry.state === "refused") entry.resubscribe();
    }
  }

  /** Resolves once it is known what the server has refused of all that it has answered for. */
  settled(): Promise<unknown> | undefined {
    return this.#work;
  }

  #confirmed(batch: SentBatch): void {
    this.#unconfirmed.confirmed(batch);
    const { entries, refusals } = batch;
    if (refusals.length === 0) return this.#lost.size > 0 ? this.#confirm(entries) : undefined;
    const suspects = entries.filter(({ state }) => state === "active");
    if (suspects.length > refusals.length) return this.#undertake(this.#find(suspects, refusals));
    for (const [place, entry] of suspects.entries()) this.#refuse(entry, refusals[place]!);
    for (const refusal of refusals.slice(suspects.length)) this.#fail(refusal);
  }

  /**
   * Finds out which of several subscriptions were refused: each is told to the server once more, between questions of its
   * own. At a limit it is the last ones, so these are tried first, and lose nothing by it.
   */
  async #find(suspects: readonly KeptSubscription[], refusals: readonly Error[]): Promise<void> {
    const place = suspects.length - refusals.length;
    let missing = refusals.length;
    for (const group of [suspects.slice(place), suspects.slice(0, place)]) {
      if (missing === 0) this.#confirm(group);
      else {
        const outcomes = await Promise.all(group.map((entry) => this.#try(entry)));
        if (outcomes.includes("interrupted")) return;
        missing -= outcomes.filter((outcome) => outcome === "refused").length;
      }
    }
    for (const refusal of refusals.slice(0, Math.max(0, missing))) this.#fail(refusal);
  }

  async #try(entry: KeptSubscription): Promise<KeptSubscription["state"] | "interrupted"> {
    if (!this.#isUp) return "interrupted";
    if (this.#unconfirmed.open.entries.length > 0) void this.#ask();
    entry.resubscribe();
    return await this.#ask() ? entry.state : "interrupted";
  }

  #confirm(entries: readonly KeptSubscription[]): void {
    for (const entry of entries) {
      if (entry.state !== "active" || !this.#lost.delete(entry)) continue;
      entry.reportRestored();
      this.#feed.emit({ type: "subscriptionRestored", subject: entry.subject });
    }
    if (this.#lost.size === 0) this.#disarm();
  }

  #refuse(entry: KeptSubscription, cause: Error): void {
    const error = new SubscriptionError(entry.subject, cause.message, { cause });
    const isNew = !this.#lost.has(entry);
    entry.markRefused(error);
    if (isNew) this.#reports.report(error, entry.subject);
    this.#lose(entry, error);
  }

  #refusePublish(fault: PermissionError, words: string): void {
    // what a handler answers has no address of reply
    const isOwn = words.includes("with Reply") || this.#unconfirmed.hasPublished(fault.subject);
    if (!isOwn) return this.#reports.refusedReply(fault);
    this.#ways.out().messageRefused(fault);
    this.#reports.serverError(fault);
  }

  #refuseSubscription(fault: PermissionError, words: string): void {
    const named = this.#named.get(fault.subject);
    this.#named.delete(fault.subject);
    if (!named) this.#refuseNumbered(fault, words);
    if (named !== "again") this.#reports.serverError(fault);
  }

  /** One that was taken away while it stood, by its number; or one whose subject the client does not find in quotes. */
  #refuseNumbered(fault: PermissionError, words: string): void {
    const [, sid] = /\(sid "(\d+)"\)/.exec(words) ?? [];
    const listed = this.#ways.listed();
    const isQuoted = words.includes("\\");
    const entry = sid
      ? listed.numbered(Number(sid))
      : isQuoted
      ? [...listed.entries].find(({ subject }) => subject === fault.subject)
      : undefined;
    if (entry?.state !== "active") return;
    entry.markRefused(fault);
    this.#lose(entry, fault);
  }

  #lose(entry: KeptSubscription, error: Error): void {
    const isNew = !this.#lost.delete(entry);
    if (!entry.retryRefused) return;
    this.#lost.set(entry, error);
    const { subject } = entry;
    if (isNew) this.#feed.emit({ type: "subscriptionLost", subject, error });
    this.#arm();
  }

  #fail(refusal: Error): void {
    const sentence = `The server refused something that was sent to it: ${refusal.message}`;
    const error = new ConnectionError(sentence, "rejected", { cause: refusal });
    this.#ways.out().messageRefused(error);
    this.#reports.serverError(error);
  }

  /** Nothing may be thrown into the client's reading, or out of a timer. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#reports.report(asError(error));
    }
  }

  /** Gives whether it was answered. */
  #ask(): Promise<boolean> {
    return this.#ways.out().confirm().then(() => true, () => false);
  }

  #undertake(work: Promise<void>): void {
    const done = work.catch((error) => this.#reports.report(error));
    const all = this.#work = Promise.all([this.#work, done]).then(() => {
      if (this.#work === all) this.#work = undefined;
    });
  }

  #arm(): void {
    if (!this.#isUp) return;
    const retry = () => this.#safely(() => this.#retry());
    this.#timer ??= this.#ways.clock.setTimeout(retry, RESUBSCRIBING.interval);
  }

  #disarm(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #retry(): void {
    this.#disarm();
    const limited: KeptSubscription[] = [];
    for (const [entry, error] of [...this.#lost]) {
      if (entry.state !== "refused") continue;
      if (error instanceof PermissionError) entry.resubscribe();
      else limited.push(entry);
    }
    void this.#ask();
    this.#undertake(this.#fill(limited));
    if (this.#lost.size > 0) this.#arm();
  }

  /** One after the other, as there may be room for one, and none for the next. */
  async #fill(entries: readonly KeptSubscription[]): Promise<void> {
    let vain = 0;
    for (const entry of entries) {
      if (vain >= VAIN || entry.state !== "refused") continue;
      const outcome = await this.#try(entry);
      if (outcome === "interrupted") return;
      if (outcome === "refused") vain++;
    }
  }
}
