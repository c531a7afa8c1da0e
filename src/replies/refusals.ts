import { type EventFeed, isPowerOfTen } from "../events.ts";
import { concealInbox, shortened } from "../legible.ts";
import { MessageHeaders } from "../message/headers.ts";
import type { ReceivedMessage } from "../message/message.ts";
import type { EncodedMessage } from "../message/encoded_message.ts";
import { NO_BYTES, type RawMessage } from "../message/raw_message.ts";
import { describe } from "../options.ts";

/**
 * Whether an arrived message is the question that we sent, and not a message from somebody else who has seen its reply
 * address: we would take the answer to that message for the answer to ours. If a server maps the subject or adds
 * headers, the message no longer counts as ours.
 */
export function isOwnQuestion(sent: RawMessage, arrived: RawMessage): boolean {
  if (sent.subject !== arrived.subject || sent.replyTo !== arrived.replyTo) return false;
  const { headerBlock: ours = NO_BYTES, data } = sent;
  const { headerBlock: theirs = NO_BYTES } = arrived;
  if (!isSame(ours, theirs) || data.length !== arrived.data.length) return false;
  // the program may have overwritten its bytes after sending them
  return isSame(data, arrived.data) || isBytes(theirs);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

function isBytes(headerBlock: Uint8Array): boolean {
  return MessageHeaders.parse(headerBlock).get("content-type") === "application/octet-stream";
}

/** A correlation id that every responder sends back unchanged. */
const PLAIN_ID = /^[!-~]{1,256}$/;

/** Counts ignored answers, and emits an `error` event for the first, the tenth, the hundredth. */
export class ForeignAnswers {
  readonly #feed: Pick<EventFeed, "emit">;
  #count = 0;

  constructor(feed: Pick<EventFeed, "emit">) {
    this.#feed = feed;
  }

  report({ subject, correlationId }: EncodedMessage): void {
    if (!isPowerOfTen(++this.#count)) return;
    const rule = "it must name the correlation id of the question";
    const sentence = `Cannot take an answer to "${subject}" as ${rule}: another (${this.#count})`;
    this.#feed.emit({
      type: "error",
      error: new Error(shortened(sentence)),
      subject,
      ...correlationId !== undefined && { correlationId },
    });
  }
}

/**
 * Whether an answer names the correlation id of another question. A stranger who has seen an open reply address can
 * make a service answer there, but does not know the question's correlation id without having seen the whole question.
 * An answer without an id, as bare clients send it, is accepted.
 */
export function isForeignAnswer(
  { correlationId }: EncodedMessage,
  answer: ReceivedMessage,
): boolean {
  const named = answer.headers.get("correlation_id");
  if (named === undefined || named === correlationId || correlationId === undefined) return false;
  // the responder may have replaced an id that it could not send back
  return PLAIN_ID.test(correlationId);
}

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
