import type { EventFeed } from "../connection/events.ts";
import type { Packet } from "../message/packet.ts";
import { ReplyAddressError } from "./reply_address_error.ts";

/** What one subscriber does not handle, as its answer may not go where the message says. */
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

  /** Counts one; whoever sends them chooses how many there are, so the first, the tenth, the hundredth are told. */
  report({ subject, replyTo }: Packet): void {
    if (!Number.isInteger(Math.log10(++this.#count))) return;
    const error = new ReplyAddressError(subject, replyTo, this.#count);
    this.#feed.emit({ type: "error", error, subject, pattern: this.#pattern });
  }
}
