import type { Clock } from "../../clock.ts";
import type { Connection } from "../../connection/connection.ts";
import type { EventFeed } from "../../events.ts";
import { asError } from "../../legible.ts";
import type { RawMessage } from "../../message/raw_message.ts";
import type { ReplyAddresses } from "../../replies/reply_addresses.ts";
import type { Sender } from "../../sending/sender.ts";
import type { HandshakeTerms } from "../frames/control_frames.ts";
import type { LinkEvents } from "../machine/link_events.ts";
import type { ResponseLimit } from "../link_options.ts";
import type { Links } from "../links.ts";
import type { MemoryUser } from "./link_memory.ts";

/** What links go over. */
export interface LinkContext {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly feed: EventFeed;
  readonly sender: Sender;
  readonly links: Links;
  readonly allowance: ResponseLimit | undefined;
  readonly newInbox: () => string;
  /** Milliseconds, for an opening that names none. */
  readonly requestTimeout: number;
  readonly addresses: ReplyAddresses;
}

/** Who has one end of a link in hand. */
export interface LinkOwner extends Omit<LinkEvents, "released">, MemoryUser {
  /** The other side has accepted. */
  accepted(acceptance: RawMessage, terms: HandshakeTerms): void;
  /** What came and is no acceptance: an answer, or the error that says that there will be none. */
  answered(answer: RawMessage | Error): void;
  /** The broker has been stopping for so many milliseconds. */
  retire(passed: number): void;
  /** More may have been sent, or be known to have arrived. */
  moved(): void;
}

/** Reports what was thrown in the work of a link. */
export function reportTo(feed: EventFeed, owner: LinkOwner, cause: unknown): void {
  const { subject, correlationId } = owner;
  feed.emit({ type: "error", error: asError(cause), subject, correlationId });
}
