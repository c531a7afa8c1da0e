import type { InboxContext } from "../../inbox/subscribed_inbox.ts";
import type { RawMessage } from "../../message/raw_message.ts";
import type { Sender } from "../../sending/sender.ts";
import type { LinkEvents } from "../machine/link_events.ts";
import type { ResponseLimit } from "../link_options.ts";
import type { Links } from "../links.ts";
import type { MemoryUser } from "./link_memory.ts";

/** The parts of the broker that links use. */
export interface LinkContext extends InboxContext {
  readonly sender: Sender;
  readonly links: Links;
  readonly responseLimit: ResponseLimit | undefined;
  readonly newInbox: () => string;
  /** Milliseconds, for an opening that names none. */
  readonly requestTimeout: number;
}

/** Takes the answers to an opening. */
export interface OpeningAnswers {
  /** The peer has accepted. */
  accepted(acceptance: RawMessage): void;
  /** A plain answer, or the error for which there will be none. */
  answered(answer: RawMessage | Error): void;
}

/** Owns one end of a link. */
export interface LinkOwner extends Omit<LinkEvents, "released">, MemoryUser {
  readonly handshake: OpeningAnswers;
  /** The broker has been stopping for so many milliseconds. */
  retire(passed: number): void;
  /** Frames may have been sent or acknowledged. */
  moved(): void;
}
