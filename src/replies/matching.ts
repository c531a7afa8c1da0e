import { type EventFeed, isPowerOfTen } from "../events.ts";
import { shortened } from "../legible.ts";
import { MessageHeaders } from "../message/headers.ts";
import type { ReceivedMessage } from "../message/message.ts";
import type { EncodedMessage } from "../message/encoded_message.ts";
import { NO_BYTES, type RawMessage } from "../message/raw_message.ts";

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
