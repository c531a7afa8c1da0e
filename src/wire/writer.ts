import type { Outgoing } from "../message/outgoing.ts";
import type { Unsent } from "./segment.ts";

/** Writes to the socket of one connection. */
export interface Writer {
  /** How many messages it took whose loss nobody would notice, minus those taken back. */
  readonly taken: number;
  /** How many of those messages the socket has got. */
  readonly sent: number;
  /**
   * Takes a message, and writes it soon.
   *
   * @throws {InvalidSubjectError} if its subject or its reply address would break its line apart
   */
  publish(outgoing: Outgoing): void;
  /** How many bytes it took; `left` counts those that no longer wait. */
  readonly given: number;
  readonly left: number;
  /** Resolves once little is left to write; `undefined` if it is so already. */
  room(): Promise<void> | undefined;
  /** Whether it still holds this message unsent. */
  has(outgoing: Outgoing): boolean;
  /** Notes that a message has been forgotten; the writer does not send it if it still holds it. */
  withdraw(): void;
  /** Removes and returns the unsent messages, in order. */
  takeBack(): Unsent[];
}
