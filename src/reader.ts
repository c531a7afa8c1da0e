import type { Duration } from "./duration.ts";

/** How long to wait for a message. */
export interface NextOptions {
  /**
   * The time until a `TimeoutError`; the next call gets a message that arrives later.
   *
   * @default {Infinity}
   */
  readonly timeout?: Duration;
  /** Ends the wait with its reason; the reader stays open. */
  readonly signal?: AbortSignal;
}

/**
 * What all readers have in common: an {@linkcode Inbox}, {@linkcode Answers}, a {@linkcode ReplyStream}, a
 * {@linkcode Session}, and a subscriber without a handler. If several loops read, each message goes to one of them.
 *
 * @example One function for all of them
 * ```ts
 * import { NatsBroker, type Reader } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * async function firstBody<Body>(reader: Reader<{ readonly body: Body }>): Promise<Body | undefined> {
 *   return (await reader.next({ timeout: 5_000 }))?.body;
 * }
 *
 * const broker = new NatsBroker();
 * broker.subscriber("count", async function* () {
 *   yield* [1, 2, 3];
 * });
 * await using _test = await TestBroker.start(broker);
 * await using inbox = await broker.openInbox();
 * await broker.publish(inbox.subject, "hello");
 *
 * assertEquals(await firstBody(inbox), "hello");
 * assertEquals(await firstBody(broker.requestStream("count")), 1);
 * ```
 */
export interface Reader<Item extends { readonly body: unknown }, End extends string = string>
  extends AsyncIterable<Item>, AsyncDisposable {
  /**
   * Resolves with the reason once the reader has ended; never rejects. The program can still read what arrived before,
   * unless it closed the reader itself.
   */
  readonly closed: Promise<End>;
  /**
   * How many messages were dropped because they arrived faster than the program read; messages that `close()` drops do
   * not count. 0 for streams and sessions, whose senders are no faster than the program reads.
   */
  readonly dropped: number;
  /** The bodies, as a Web Stream; cancelling it does what leaving a loop does. */
  readonly readable: ReadableStream<Item["body"]>;

  /**
   * The next message; `undefined` once the reader has ended and no message waits.
   *
   * @throws {TimeoutError} if no message arrives within `timeout`
   * @throws the reason of `signal`, if it aborts
   */
  next(options?: NextOptions): Promise<Item | undefined>;

  /** Reads messages until the reader has ended. */
  [Symbol.asyncIterator](): AsyncIterator<Item>;
}
