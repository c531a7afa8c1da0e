import type { EventFeed } from "../events.ts";
import { shortened } from "../legible.ts";
import type { ReceivedMessage } from "../message/message.ts";
import type { EncodedMessage } from "../message/outgoing.ts";

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
    if (!Number.isInteger(Math.log10(++this.#count))) return;
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
