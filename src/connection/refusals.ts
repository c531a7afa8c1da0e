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

  subscribed(subscription: KeptSubscription): void {
    if (!this.#isUp) return;
    this.#unconfirmed.open.subscriptions.add(subscription);
    this.#parts.transmitter().confirmSoon();
  }

  /** The program has published to this subject. */
  published(subject: string): void {
    if (this.#unconfirmed.published(subject)) void this.#flush();
  }

  refused(subscription: KeptSubscription, error: Error): void {
    this.#named.set(subscription.subject, this.#lost.has(subscription) ? "again" : "new");
    this.#lose(subscription, error);
  }

  ended(subscription: KeptSubscription): void {
    this.#lost.delete(subscription);
    if (this.#lost.size === 0) this.#disarm();
  }

  /** A flush is sent; returns the function to call in the turn in which its answer arrives. */
  flushSent(): () => void {
    const batch = this.#unconfirmed.flush();
    return () => this.#safely(() => this.#confirmed(batch));
  }

  /** The server has sent an error; its message may contain the number of a subscription. */
  serverError(error: Error, message: string): void {
    if (error instanceof PermissionError) {
      if (error.operation === "publish") this.#refusePublish(error, message);
      else this.#refuseSubscription(error, message);
    } else if (error instanceof ConnectionError) this.#reports.serverError(error);
    else {
      const isKept = this.#unconfirmed.oldest.refused(error);
      if (!isKept) this.#reportUnmatched(error);
      if (!this.#unconfirmed.isFlushing) void this.#flush();
    }
  }

  /** The server has got all subscriptions except the lost ones, which follow now. */
  connected(): void {
    this.#isUp = true;
    for (const subscription of this.#parts.subscriptions().active) {
      this.#unconfirmed.open.subscriptions.add(subscription);
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
    for (const subscription of this.#isUp ? [...this.#lost.keys()] : []) {
      if (subscription.isOf(sink) && subscription.state === "refused") subscription.resubscribe();
    }
  }

  /** Resolves once each refusal is matched to what it belongs to; `undefined` if it is so already. */
  settled(): Promise<unknown> | undefined {
    return this.#searches;
  }

  #confirmed(batch: SentBatch): void {
    this.#unconfirmed.confirmed(batch);
    const { subscriptions, refusals } = batch;
    if (refusals.length === 0) {
      return this.#lost.size > 0 ? this.#confirm(subscriptions) : undefined;
    }
    const suspects = [...subscriptions].filter(({ state }) => state === "active");
    if (suspects.length > refusals.length) return this.#track(this.#search(suspects, refusals));
    for (const [place, subscription] of suspects.entries()) {
      this.#refuse(subscription, refusals[place]!);
    }
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
        const outcomes = await Promise.all(group.map((subscription) => this.#try(subscription)));
        if (outcomes.includes("interrupted")) return;
        missing -= outcomes.filter((outcome) => outcome === "refused").length;
      }
    }
    for (const refusal of refusals.slice(0, Math.max(0, missing))) this.#reportUnmatched(refusal);
  }

  async #try(subscription: KeptSubscription): Promise<KeptSubscription["state"] | "interrupted"> {
    if (!this.#isUp) return "interrupted";
    if (this.#unconfirmed.open.subscriptions.size > 0) void this.#flush();
    subscription.resubscribe();
    return await this.#flush() ? subscription.state : "interrupted";
  }

  #confirm(subscriptions: Iterable<KeptSubscription>): void {
    for (const subscription of subscriptions) {
      if (subscription.state !== "active" || !this.#lost.delete(subscription)) continue;
      subscription.reportRestored();
      this.#feed.emit({ type: "subscriptionRestored", subject: subscription.subject });
    }
    if (this.#lost.size === 0) this.#disarm();
  }

  #refuse(subscription: KeptSubscription, cause: Error): void {
    const error = new SubscriptionError(subscription.subject, cause.message, { cause });
    const isNew = !this.#lost.has(subscription);
    subscription.markRefused(error);
    if (isNew) this.#reports.report(error, subscription.subject);
    this.#lose(subscription, error);
  }

  #refusePublish(error: PermissionError, message: string): void {
    // a handler's reply has no reply address
    const isOwn = message.includes("with Reply") || this.#unconfirmed.hasPublished(error.subject);
    if (!isOwn) return this.#reports.refusedReply(error);
    this.#parts.transmitter().messageRefused(error);
    this.#reports.serverError(error);
  }

  #refuseSubscription(error: PermissionError, message: string): void {
    const named = this.#named.get(error.subject);
    this.#named.delete(error.subject);
    if (!named) this.#refuseNumbered(error, message);
    if (named !== "again") this.#reports.serverError(error);
  }

  /** The server took a subscription away, and names its number; or the client could not read the quoted subject. */
  #refuseNumbered(error: PermissionError, message: string): void {
    const [, sid] = /\(sid "(\d+)"\)/.exec(message) ?? [];
    const subscriptions = this.#parts.subscriptions();
    const isQuoted = message.includes("\\");
    const subscription = sid
      ? subscriptions.numbered(Number(sid))
      : isQuoted
      ? [...subscriptions.active].find(({ subject }) => subject === error.subject)
      : undefined;
    if (subscription?.state !== "active") return;
    subscription.markRefused(error);
    this.#lose(subscription, error);
  }

  #lose(subscription: KeptSubscription, error: Error): void {
    this.#unconfirmed.lost(subscription);
    const isNew = !this.#lost.delete(subscription);
    if (!subscription.retryRefused) return;
    this.#lost.set(subscription, error);
    const { subject } = subscription;
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
    for (const [subscription, error] of [...this.#lost]) {
      if (subscription.state !== "refused") continue;
      if (error instanceof PermissionError) subscription.resubscribe();
      else limited.push(subscription);
    }
    void this.#flush();
    this.#track(this.#tryEach(limited));
    if (this.#lost.size > 0) this.#arm();
  }

  /** Tries one after the other, as there may be room for one and none for the next. */
  async #tryEach(subscriptions: readonly KeptSubscription[]): Promise<void> {
    let failures = 0;
    for (const subscription of subscriptions) {
      if (failures >= MOST_FAILURES || subscription.state !== "refused") continue;
      const outcome = await this.#try(subscription);
      if (outcome === "interrupted") return;
      if (outcome === "refused") failures++;
    }
  }
}
