import type { Outgoing } from "../message/outgoing.ts";
import type { Unsent } from "./segment.ts";

/** The way to the socket, for one connection and all that it becomes by coming back. */
export interface Writer {
  /** How many messages were taken that nobody would notice if they were lost, less those that were taken back. */
  readonly taken: number;
  /** How many of them have been handed to the socket. */
  readonly sent: number;
  /**
   * Takes a message, to be written soon.
   *
   * @throws {InvalidSubjectError} if its subject or its address of reply would break its line apart
   */
  publish(outgoing: Outgoing): void;
  /** How many bytes came, and how many of them do not wait any more. */
  readonly given: number;
  readonly left: number;
  /** Resolves once little is left to be written; `undefined` where that is so. */
  room(): Promise<void> | undefined;
  /** Whether it has a message that has not been handed to the socket. */
  has(outgoing: Outgoing): boolean;
  /** A message has been forgotten: it is not handed to the socket, if it has not been. */
  withdraw(): void;
  /** The messages that have not been handed to the socket, in order; they are forgotten here. */
  takeBack(): Unsent[];
}
