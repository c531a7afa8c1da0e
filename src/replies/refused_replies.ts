import type { EventFeed } from "../events.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { ReplyAddressError } from "./reply_address_error.ts";

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
    if (!Number.isInteger(Math.log10(++this.#count))) return;
    const error = new ReplyAddressError(subject, replyTo, this.#count);
    this.#feed.emit({ type: "error", error, subject, pattern: this.#pattern });
  }
}
