import type { EventFeed } from "../connection/events.ts";
import { shortened } from "../subject/shortened.ts";
import type { ReceivedMessage } from "../message/message.ts";
import type { Outgoing } from "../message/outgoing.ts";

/** What everyone sends on as it came. */
const PLAIN_ID = /^[!-~]{1,256}$/;

/** Counts answers that are passed over, and tells of the first, the tenth, the hundredth. */
export class ForeignAnswers {
  readonly #feed: Pick<EventFeed, "emit">;
  #count = 0;

  constructor(feed: Pick<EventFeed, "emit">) {
    this.#feed = feed;
  }

  report({ subject, correlationId }: Outgoing): void {
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
 * Whether an answer says that it is one to another question. Whoever has seen an open address of reply may have a service
 * answer there, and cannot give the id that went with the question unless the whole question was seen. An answer that
 * names no id, as bare clients send it, is taken.
 */
export function isForeignAnswer({ correlationId }: Outgoing, answer: ReceivedMessage): boolean {
  const named = answer.headers.get("correlation_id");
  if (named === undefined || named === correlationId || correlationId === undefined) return false;
  // another one may stand for what the responder could not send on
  return PLAIN_ID.test(correlationId);
}
