import type { Message } from "../message/message.ts";

/** Why an inbox ended. */
export type InboxEnd = "max" | "idle" | "closed" | "aborted" | "connection" | "overflow";

/** How long to wait for a message. */
export interface NextOptions {
  /** Milliseconds until a `TimeoutError`; the next call gets a message that arrives later. @default {Infinity} */
  readonly timeout?: number;
  /** Ends the wait with its reason; the inbox stays open. */
  readonly signal?: AbortSignal;
}

/**
 * An open private address: its subject cannot be guessed, and a program that has the subject can send to it.
 * `broker.openInbox()` makes one; `String(inbox)` is the subject.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * await using _test = await TestBroker.start(broker);
 * await using inbox = await broker.openInbox({ max: 2 });
 * await broker.publish(inbox.subject, "one");
 * await broker.publish(inbox.subject, "two");
 *
 * const bodies = [];
 * for await (const message of inbox) bodies.push(message.body);
 * assertEquals(bodies, ["one", "two"]);
 * assertEquals(await inbox.closed, "max");
 * ```
 */
export interface Inbox extends AsyncIterable<Message>, AsyncDisposable {
  /** The subject to which others send messages for this inbox. */
  readonly subject: string;
  /** Resolves with the reason once the inbox has ended; never rejects. */
  readonly closed: Promise<InboxEnd>;
  /**
   * How many messages the inbox dropped because they arrived faster than the program read; messages that `close()`
   * drops do not count.
   */
  readonly dropped: number;

  /**
   * The next message; `undefined` once the inbox has ended and no message waits.
   *
   * @throws {TimeoutError} if no message arrives within `timeout`
   * @throws the reason of `signal`, if it aborts
   */
  next(options?: NextOptions): Promise<Message | undefined>;

  /** Ends the inbox with the reason `closed`, unless it has ended before, and drops unread messages. */
  close(): Promise<void>;

  /** Reads messages until the inbox has ended; leaving the loop closes the inbox, even while a `next()` waits. */
  [Symbol.asyncIterator](): AsyncIterator<Message>;

  /** The subject. */
  toString(): string;
}
