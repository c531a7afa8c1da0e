import { type EventFeed, isPowerOfTen } from "../events.ts";
import { concealInbox, shortened } from "../legible.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { describe } from "../options.ts";

/** Counts the messages that one subscriber does not handle, as it may not answer to their reply addresses. */
export class RefusedReplies {
  readonly #feed: Pick<EventFeed, "emit">;
  readonly #pattern: string;
  #count = 0;

  constructor(feed: Pick<EventFeed, "emit">, pattern: string) {
    this.#feed = feed;
    this.#pattern = pattern;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Counts a message, and emits an `error` event only for the first, the tenth, the hundredth, as the sender decides
   * how many there are.
   */
  report({ subject, replyTo }: RawMessage): void {
    if (!isPowerOfTen(++this.#count)) return;
    const error = new ReplyAddressError(subject, replyTo, this.#count);
    this.#feed.emit({ type: "error", error, subject, pattern: this.#pattern });
  }
}

/**
 * The broker did not handle a message, as it must not answer to the message's reply address: a subject of the server, a
 * subject that the broker serves, an inbox of its own, or an address outside of `answersTo`. The broker emits this as
 * an `error` event for a subscriber's first such message, the tenth, the hundredth.
 */
export class ReplyAddressError extends Error {
  static {
    this.prototype.name = "ReplyAddressError";
  }
  /** The subject of the message. */
  readonly subject: string;
  /** The reply address of the message. */
  readonly replyTo: string;
  /** How many messages the broker has refused for this subscriber so far. */
  readonly count: number;

  /** Makes one; the message names both subjects. */
  constructor(subject: string, replyTo: string, count: number) {
    const address = describe(replyTo.length > 100 ? `${replyTo.slice(0, 100)}…` : replyTo);
    const rule = "its reply address must be permitted";
    super(shortened(`Cannot handle a message to "${subject}" as ${rule}: ${address} (${count})`));
    this.subject = subject;
    this.replyTo = replyTo;
    this.count = count;
    concealInbox(this);
    Object.defineProperty(this, "replyTo", { enumerable: false });
  }
}
