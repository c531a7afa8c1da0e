import type { EventFeed } from "../connection/events.ts";
import { LinkError } from "./link_error.ts";
import type { Packet } from "../message/packet.ts";
import { shortened } from "../subject/shortened.ts";

/** What comes to a link and is not of it: told once, as there may be many. */
export class Strays {
  readonly #feed: EventFeed;
  #count = 0;

  constructor(feed: EventFeed) {
    this.#feed = feed;
  }

  report({ subject, replyTo }: Packet): void {
    if (this.#count++ > 0) return;
    const rule = `it must come from the other side: "${replyTo}"`;
    const error = new Error(shortened(`Cannot take a message at "${subject}" as ${rule}`));
    this.#feed.emit({ type: "error", error });
  }
}

/** What an acceptance is that cannot be answered. */
export function rewritten(subject: string, replyTo: string): LinkError {
  const rule = "addresses of reply must arrive as they were sent, in this protocol's version";
  return new LinkError(`open, as ${rule} ("${replyTo}"),`, subject, "gap");
}
