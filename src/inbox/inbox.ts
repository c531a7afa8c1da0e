import type { Message } from "../message/message.ts";

/** Why an inbox ended. */
export type InboxEnd = "max" | "idle" | "closed" | "aborted" | "connection" | "overflow";

/** How long to wait for a message. */
export interface NextOptions {
  /** Milliseconds until a `TimeoutError`; what comes later is for the next call. @default {Infinity} */
  readonly timeout?: number;
  /** Ends the wait with its reason; the inbox stays open. */
  readonly signal?: AbortSignal;
}

/**
 * A private address that is listened to: whoever is told its subject can send to it, and nobody can guess it.
 * `broker.openInbox()` makes one; as text it is its subject.
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
  /** Where messages for this inbox are sent to. */
  readonly subject: string;
  /** Resolves with the reason once the inbox has ended; never rejects. */
  readonly closed: Promise<InboxEnd>;
  /** How many messages were lost as more came than were read; what `close()` forgets is not among them. */
  readonly dropped: number;

  /**
   * The next message; `undefined` once the inbox has ended and what waited has been read.
   *
   * @throws {TimeoutError} if none came within `timeout`
   * @throws the reason of `signal`, if it aborts
   */
  next(options?: NextOptions): Promise<Message | undefined>;

  /** Ends with the reason `closed`, unless it has ended before, and forgets what waits to be read. */
  close(): Promise<void>;

  /** Reads messages until the inbox has ended; leaving the loop closes it, even while it waits. */
  [Symbol.asyncIterator](): AsyncIterator<Message>;

  /** The subject. */
  toString(): string;
}
