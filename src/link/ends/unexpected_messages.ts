import { shortened } from "../../legible.ts";
import { MessageHeaders } from "../../message/headers.ts";
import type { RawMessage } from "../../message/raw_message.ts";
import { type EndDetails, toldIn } from "../frames/control_frames.ts";
import { parseName } from "../frames/frame.ts";
import { LinkError } from "../link_error.ts";
import type { FrameTransport } from "./frame_transport.ts";
import type { LinkContext } from "./link_context.ts";

const TOO_LATE: EndDetails = { reason: "cancelled", description: "Another has accepted before" };

/** Handles messages that do not belong to the link: reports the first, as there may be many. */
export class UnexpectedMessages {
  readonly #context: Pick<LinkContext, "feed" | "addresses">;
  #count = 0;
  #isDeclined = false;

  constructor(context: Pick<LinkContext, "feed" | "addresses">) {
    this.#context = context;
  }

  /** Ignores strangers; a second server that accepts gets an abort, so that it does not wait for us. */
  take(packet: RawMessage, transport: Pick<FrameTransport, "abort">): void {
    const { replyTo } = packet;
    if (toldIn(packet) === undefined || this.#isDeclined) return this.report(packet);
    this.#isDeclined = true;
    const name = parseName(replyTo, replyTo.lastIndexOf(".") + 1);
    const isAcceptance = name && "kind" in name && name.kind === "open";
    if (!isAcceptance || !this.#context.addresses.isHarmless(replyTo)) return this.report(packet);
    transport.abort(TOO_LATE, 1, replyTo);
  }

  report({ subject, replyTo }: RawMessage): void {
    if (this.#count++ > 0) return;
    const rule = `it must come from the other side: "${replyTo}"`;
    const error = new Error(shortened(`Cannot take a message at "${subject}" as ${rule}`));
    this.#context.feed.emit({ type: "error", error });
  }
}

/** The error for an acceptance that cannot be answered. */
export function rewritten(subject: string, replyTo: string): LinkError {
  const rule = "reply addresses must arrive as they were sent, in this protocol's version";
  return new LinkError(`open, as ${rule} ("${replyTo}"),`, subject, "gap");
}

/** How many refused messages in a row end a limited link. */
const MOST_REFUSALS = 16;
/** The time without a refusal, in milliseconds, after which the count starts again. */
const CALM = 5_000;

/** The subject that had no subscriber, as servers from 2.12 on say; `undefined` from older ones. */
export function silentSubject({ headerBlock }: RawMessage): string | undefined {
  return headerBlock && MessageHeaders.parse(headerBlock).get("Nats-Subject");
}

/**
 * Counts what the server refuses to send. A side with a limit for each address loses single messages if somebody else
 * has used up an address, and goes on as after any loss; any other refusal is final.
 */
export class RefusalCount {
  readonly #isLossy: boolean;
  #count = 0;
  #last = -Infinity;

  constructor(isLossy: boolean) {
    this.#isLossy = isLossy;
  }

  /** Counts a refusal; returns whether the link can go on. */
  isBearable(now: number): boolean {
    if (now - this.#last > CALM) this.#count = 0;
    this.#last = now;
    return this.#isLossy && ++this.#count <= MOST_REFUSALS;
  }
}
