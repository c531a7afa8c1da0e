import type { InboxContext } from "../../inbox/subscribed_inbox.ts";
import type { RawMessage } from "../../message/raw_message.ts";
import type { Sender } from "../../sending/sender.ts";
import type { LinkEvents } from "../machine/link_events.ts";
import type { ResponseLimit } from "../link_options.ts";
import type { Links } from "../links.ts";
import type { MemoryUser } from "./link_memory.ts";

/** What links go over. */
export interface LinkContext extends InboxContext {
  readonly sender: Sender;
  readonly links: Links;
  readonly responseLimit: ResponseLimit | undefined;
  readonly newInbox: () => string;
  /** Milliseconds, for an opening that names none. */
  readonly requestTimeout: number;
}

/** What an opening waits for. */
export interface OpeningAnswers {
  /** The other side has accepted. */
  accepted(acceptance: RawMessage): void;
  /** What came and is no acceptance: an answer, or the error that says that there will be none. */
  answered(answer: RawMessage | Error): void;
}

/** Who has one end of a link in hand. */
export interface LinkOwner extends Omit<LinkEvents, "released">, MemoryUser {
  readonly handshake: OpeningAnswers;
  /** The broker has been stopping for so many milliseconds. */
  retire(passed: number): void;
  /** More may have been sent, or be known to have arrived. */
  moved(): void;
}
