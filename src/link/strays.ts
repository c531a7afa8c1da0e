import type { RawMessage } from "../message/raw_message.ts";
import { shortened } from "../legible.ts";
import type { Ending } from "./ending.ts";
import { parseName } from "./frame.ts";
import { LinkError } from "./link_error.ts";
import type { LinkWays } from "./link_ways.ts";
import { toldIn } from "./terms.ts";
import type { Wire } from "./wire.ts";

const TOO_LATE: Ending = { reason: "cancelled", description: "Another has accepted before" };

/** What comes to a link and is not of it: told once, as there may be many. */
export class Strays {
  readonly #ways: Pick<LinkWays, "feed" | "addresses">;
  #count = 0;
  #isDeclined = false;

  constructor(ways: Pick<LinkWays, "feed" | "addresses">) {
    this.#ways = ways;
  }

  /** Somebody else has no say here; one who has accepted as well must not wait for us. */
  take(packet: RawMessage, wire: Pick<Wire, "leave">): void {
    const { replyTo } = packet;
    if (toldIn(packet) === undefined || this.#isDeclined) return this.report(packet);
    this.#isDeclined = true;
    const name = parseName(replyTo, replyTo.lastIndexOf(".") + 1);
    const isAcceptance = name && "kind" in name && name.kind === "open";
    if (!isAcceptance || !this.#ways.addresses.isHarmless(replyTo)) return this.report(packet);
    wire.leave(TOO_LATE, 1, replyTo);
  }

  report({ subject, replyTo }: RawMessage): void {
    if (this.#count++ > 0) return;
    const rule = `it must come from the other side: "${replyTo}"`;
    const error = new Error(shortened(`Cannot take a message at "${subject}" as ${rule}`));
    this.#ways.feed.emit({ type: "error", error });
  }
}

/** What an acceptance is that cannot be answered. */
export function rewritten(subject: string, replyTo: string): LinkError {
  const rule = "addresses of reply must arrive as they were sent, in this protocol's version";
  return new LinkError(`open, as ${rule} ("${replyTo}"),`, subject, "gap");
}
