import type { EventFeed } from "../events.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { asError } from "../legible.ts";
import type { LinkEvents } from "./link_life.ts";
import type { Terms } from "./terms.ts";

/** Who has one end of a link in hand. */
export interface LinkOwner extends Omit<LinkEvents, "released"> {
  /** What is said of the link, for sentences. */
  readonly subject: string;
  readonly correlationId: string;
  /** What is held of what came, in bytes. */
  readonly held: number;
  /** All links together hold too much, and this one the most: lets go of it, and ends. */
  outgrown(): void;
  /** The other side has accepted. */
  accepted(acceptance: RawMessage, terms: Terms): void;
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
