import type { Clock, Timer } from "../clock.ts";
import { ConnectionError, PermissionError, SubscriptionError } from "../errors.ts";
import { asError } from "../legible.ts";
import type { EventFeed } from "../events.ts";
import type { ErrorReports } from "./error_reports.ts";
import type { ConnectionContext } from "./settings.ts";
import type {
  KeptSubscription,
  MessageSink,
  Subscriptions,
  SubscriptionWatch,
} from "./subscriptions.ts";
import { type SentBatch, UnconfirmedBatches } from "./unconfirmed.ts";

/** How often to repeat refused subscriptions, in milliseconds; tests make it shorter. */
export const RESUBSCRIBING = { interval: 30_000 };
/** After how many refusals for lack of room a round ends: there is none for the other subscriptions, either. */
const MOST_FAILURES = 8;

/** The part of the transmitter that the tracker uses. */
interface Flusher {
  /** Flushes; rejects if the connection breaks before the answer. */
  confirm(): Promise<void>;
  /** Flushes within a second. */
  confirmSoon(): void;
  /** Counts a refused message of the program. */
  messageRefused(error: Error): void;
}

/** The parts of the connection that the tracker uses. */
export interface TrackerParts {
  readonly transmitter: () => Flusher;
  readonly subscriptions: () => Subscriptions;
}

/**
 * Tracks what the server has refused, and which subscriptions it therefore lacks. A refusal that names no subject belongs
 * to something sent between the flushes around it. The tracker repeats lost subscriptions after each reconnect, and every
 * 30 s.
 */
export class RefusalTracker implements SubscriptionWatch {
  readonly #clock: Clock;
  readonly #feed: EventFeed;
  readonly #reports: ErrorReports;
  readonly #parts: TrackerParts;
  readonly #unconfirmed = new UnconfirmedBatches();
  /** Lost subscriptions to repeat, with the last refusal of each; the one tried last is at the end. */
  readonly #lost = new Map<KeptSubscription, Error>();
  /** Subjects that the line has refused, before it reports the refusal itself. */
  readonly #named = new Map<string, "new" | "again">();
  #isUp = false;
  #timer: Timer | undefined;
  /** The searches that have to end before a flush may resolve. */
  #searches: Promise<unknown> | undefined;

  constructor({ clock, feed, reports }: ConnectionContext, parts: TrackerParts) {
    this.#clock = clock;
    this.#feed = feed;
    this.#reports = reports;
    this.#parts = parts;
  }

  subscribed(entry: KeptSubscription): void {
    if (!this.#isUp) return;
    this.#unconfirmed.open.entries.push(entry);
    this.#parts.transmitter().confirmSoon();
  }

  /** The program has published to this subject. */
  published(subject: string): void {
    if (this.#unconfirmed.published(subject)) void this.#flush();
  }

  refused(entry: KeptSubscription, error: Error): void {
    this.#named.set(entry.subject, this.#lost.has(entry) ? "again" : "new");
    this.#lose(entry, error);
  }

  ended(entry: KeptSubscription): void {
    this.#lost.delete(entry);
    if (this.#lost.size === 0) this.#disarm();
  }

  /** A flush is sent; returns the function to call in the turn in which its answer arrives. */
  flushSent(): () => void {
    const batch = this.#unconfirmed.flush();
    return () => this.#safely(() => this.#confirmed(batch));
  }

  /** The server has sent an error; its message may contain the number of a subscription. */
  serverError(fault: Error, words: string): void {
    if (fault instanceof PermissionError) {
      if (fault.operation === "publish") this.#refusePublish(fault, words);
      else this.#refuseSubscription(fault, words);
    } else if (fault instanceof ConnectionError) this.#reports.serverError(fault);
    else {
      const isKept = this.#unconfirmed.oldest.refused(fault);
      if (!isKept) this.#reportUnmatched(fault);
      if (!this.#unconfirmed.isFlushing) void this.#flush();
    }
  }

  /** The server has got all subscriptions except the lost ones, which follow now. */
  connected(): void {
    this.#isUp = true;
    for (const entry of this.#parts.subscriptions().entries) {
      this.#unconfirmed.open.entries.push(entry);
    }
    if (this.#lost.size > 0) this.#retry();
  }

  /** The connection is broken. */
  disconnected(): void {
    this.#isUp = false;
    this.#named.clear();
    this.#disarm();
    for (const error of this.#unconfirmed.clear()) this.#reports.serverError(error);
  }

  /** The connection is closed for good. */
  close(): void {
    this.disconnected();
    this.#lost.clear();
  }

  /** Repeats the refused subscriptions of a sink; a flush waits for the result. */
  retry(sink: MessageSink): void {
    for (const entry of this.#isUp ? [...this.#lost.keys()] : []) {
      if (entry.isOf(sink) && entry.state === "refused") entry.resubscribe();
    }
  }

  /** Resolves once each refusal is matched to what it belongs to; `undefined` if it is so already. */
  settled(): Promise<unknown> | undefined {
    return this.#searches;
  }

  #confirmed(batch: SentBatch): void {
    this.#unconfirmed.confirmed(batch);
    const { entries, refusals } = batch;
    if (refusals.length === 0) return this.#lost.size > 0 ? this.#confirm(entries) : undefined;
    const suspects = entries.filter(({ state }) => state === "active");
    if (suspects.length > refusals.length) return this.#track(this.#search(suspects, refusals));
    for (const [place, entry] of suspects.entries()) this.#refuse(entry, refusals[place]!);
    for (const refusal of refusals.slice(suspects.length)) this.#reportUnmatched(refusal);
  }

  /**
   * Finds out which of several subscriptions were refused: repeats each one between two flushes. A server with a limit
   * refuses the last ones, so it tries these first: they have nothing to lose.
   */
  async #search(suspects: readonly KeptSubscription[], refusals: readonly Error[]): Promise<void> {
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
    for (const refusal of refusals.slice(0, Math.max(0, missing))) this.#reportUnmatched(refusal);
  }

  async #try(entry: KeptSubscription): Promise<KeptSubscription["state"] | "interrupted"> {
    if (!this.#isUp) return "interrupted";
    if (this.#unconfirmed.open.entries.length > 0) void this.#flush();
    entry.resubscribe();
    return await this.#flush() ? entry.state : "interrupted";
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
    // a handler's reply has no reply address
    const isOwn = words.includes("with Reply") || this.#unconfirmed.hasPublished(fault.subject);
    if (!isOwn) return this.#reports.refusedReply(fault);
    this.#parts.transmitter().messageRefused(fault);
    this.#reports.serverError(fault);
  }

  #refuseSubscription(fault: PermissionError, words: string): void {
    const named = this.#named.get(fault.subject);
    this.#named.delete(fault.subject);
    if (!named) this.#refuseNumbered(fault, words);
    if (named !== "again") this.#reports.serverError(fault);
  }

  /** The server took a subscription away, and names its number; or the client could not read the quoted subject. */
  #refuseNumbered(fault: PermissionError, words: string): void {
    const [, sid] = /\(sid "(\d+)"\)/.exec(words) ?? [];
    const subscriptions = this.#parts.subscriptions();
    const isQuoted = words.includes("\\");
    const entry = sid
      ? subscriptions.numbered(Number(sid))
      : isQuoted
      ? [...subscriptions.entries].find(({ subject }) => subject === fault.subject)
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

  #reportUnmatched(refusal: Error): void {
    const sentence = `The server refused something that was sent to it: ${refusal.message}`;
    const error = new ConnectionError(sentence, "rejected", { cause: refusal });
    this.#parts.transmitter().messageRefused(error);
    this.#reports.serverError(error);
  }

  /** Reports exceptions: in the client's reader they would end the connection, in a timer the process. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#reports.report(asError(error));
    }
  }

  /** Flushes; returns whether the server has answered. */
  #flush(): Promise<boolean> {
    return this.#parts.transmitter().confirm().then(() => true, () => false);
  }

  #track(work: Promise<void>): void {
    const done = work.catch((error) => this.#reports.report(error));
    const all = this.#searches = Promise.all([this.#searches, done]).then(() => {
      if (this.#searches === all) this.#searches = undefined;
    });
  }

  #arm(): void {
    if (!this.#isUp) return;
    const retry = () => this.#safely(() => this.#retry());
    this.#timer ??= this.#clock.setTimeout(retry, RESUBSCRIBING.interval);
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
    void this.#flush();
    this.#track(this.#tryEach(limited));
    if (this.#lost.size > 0) this.#arm();
  }

  /** Tries one after the other, as there may be room for one and none for the next. */
  async #tryEach(entries: readonly KeptSubscription[]): Promise<void> {
    let failures = 0;
    for (const entry of entries) {
      if (failures >= MOST_FAILURES || entry.state !== "refused") continue;
      const outcome = await this.#try(entry);
      if (outcome === "interrupted") return;
      if (outcome === "refused") failures++;
    }
  }
}
