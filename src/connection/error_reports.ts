import type { Clock } from "../clock.ts";
import { type ConnectionError, InvalidSubjectError, type PermissionError } from "../errors.ts";
import { type EventFeed, isPowerOfTen } from "../events.ts";
import { shortened } from "../legible.ts";
import { lacksPermission, unknownClient } from "./client_errors.ts";

/** Reports an error, and the subject that it concerns. */
export type Report = (error: Error, subject?: string) => void;

/** The most dial errors to remember; more than all servers together have to say. */
const MOST_DIAL_ERRORS = 1_024;

/** Emits the errors of one connection, so that a flood of errors does not become a flood of events. */
export class ErrorReports {
  readonly #clock: Clock;
  readonly #feed: EventFeed;
  readonly #repetitions = new Repetitions();
  /** The reported dial errors since the last connection. */
  readonly #dialErrors = new Set<string>();
  #hasReportedClient = false;
  #refusedReplies = 0;
  #invalidAddresses = 0;

  constructor(clock: Clock, feed: EventFeed) {
    this.#clock = clock;
    this.#feed = feed;
  }

  readonly report: Report = (error, subject) =>
    this.#feed.emit({ type: "error", error, ...subject !== undefined && { subject } });

  /** Reports an error of the server, which may repeat it as often as it likes. */
  serverError(error: Error): void {
    const { count, isShown } = this.#repetitions.add(error.message, this.#clock.now());
    this.#feed.emit({ type: "error", error, ...count > 1 && { count } }, !isShown);
  }

  /** Reports a refused reply: the sender of a request may name a forbidden reply address as often as it likes. */
  refusedReply(error: PermissionError): void {
    const count = ++this.#refusedReplies;
    this.#feed.emit({ type: "error", error, ...count > 1 && { count } }, !isPowerOfTen(count));
  }

  /** Reports a message that was dropped for its reply address; its sender decides how many there are. */
  invalidReplyAddress(
    { subject, replyTo }: { readonly subject: string; readonly replyTo: string },
  ): void {
    if (!isPowerOfTen(++this.#invalidAddresses)) return;
    const rule = "a reply address must be a subject that can be published to";
    const count = this.#invalidAddresses;
    const so = count === 1 ? "" : ` (${count} messages so far)`;
    const action = `take a message to "${shortened(subject)}"${so}`;
    this.report(new InvalidSubjectError(action, rule, replyTo), subject);
  }

  /** Reports, once, that the client's version rules the fast line out. */
  unknownClient(fault: string): void {
    if (this.#hasReportedClient) return;
    this.#hasReportedClient = true;
    this.report(unknownClient(fault));
  }

  /** Reports an error of the first connect, once. */
  connectError(error: Error): void {
    if (this.#dialErrors.has(error.message)) return;
    if (this.#dialErrors.size >= MOST_DIAL_ERRORS) this.#dialErrors.clear();
    this.#dialErrors.add(error.message);
    this.report(error);
  }

  /** Reports an error of a reconnect, once, unless it is the outage itself: that passes without anyone's help. */
  reconnectError(error: ConnectionError): void {
    if (error.reason === "refused" && !lacksPermission(error.cause)) return;
    this.connectError(error);
  }

  /** From now on a dial error is reported again. */
  forgetDialErrors(): void {
    this.#dialErrors.clear();
  }
}

/** How long a flood is one flood, in milliseconds. */
const WINDOW = 10_000;
/** How many errors of one flood to show one by one. */
const SINGLY = 10;
/** How many sentences to count separately; all others share one count. */
const KINDS = 64;

interface Kind {
  count: number;
  since: number;
  within: number;
}

/** Counts sentences, and decides which repetition of a sentence to show. */
class Repetitions {
  readonly #kinds = new Map<string, Kind>();

  add(sentence: string, now: number): { readonly count: number; readonly isShown: boolean } {
    const kind = this.#kindOf(sentence);
    if (now - kind.since >= WINDOW) Object.assign(kind, { since: now, within: 0 });
    kind.within++;
    const isShown = kind.within <= SINGLY || isPowerOfTen(kind.within);
    return { count: ++kind.count, isShown };
  }

  #kindOf(sentence: string): Kind {
    const key = this.#kinds.size < KINDS || this.#kinds.has(sentence) ? sentence : "";
    let kind = this.#kinds.get(key);
    if (!kind) this.#kinds.set(key, kind = { count: 0, since: 0, within: 0 });
    return kind;
  }
}
