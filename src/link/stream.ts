import type { Message } from "../message/message.ts";
import type { LinkEnd } from "./link_error.ts";

/**
 * A streamed reply: what an `async function*` handler yields, as it comes; `broker.requestStream()` makes it. Each part
 * is read once, in whichever loop comes first. A responder of ours that does not stream gives one part. One that
 * does not speak of our streams gives its messages up to the empty one of ADR-47, once that has come or `timeout` is over, as
 * somebody who streams may be slower to answer; without that end the stream ends as `peer gone` after a silence of `timeout`.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * broker.subscriber("count", async function* ({ body }) {
 *   for (let n = 1; n <= Number(body); n++) yield n;
 * });
 * await using _test = await TestBroker.start(broker);
 *
 * const stream = broker.requestStream("count", 3);
 * const parts = [];
 * for await (const { body } of stream) parts.push(body);
 * assertEquals(parts, [1, 2, 3]);
 * assertEquals(await stream.ended, "complete");
 * ```
 */
export interface ReplyStream<Body = unknown> extends AsyncIterable<Message<Body>>, AsyncDisposable {
  /** Resolves with how it ended; never rejects. What came before can still be read then. */
  readonly ended: Promise<LinkEnd>;
  /** The bodies, as a Web Stream; cancelling it closes the stream. */
  readonly readable: ReadableStream<Body>;

  /** Wants no more: the responder is told, and its `message.signal` aborts. Does nothing once it has ended. */
  close(): Promise<void>;

  /**
   * Reads parts until there are no more; leaving the loop closes the stream. Except after an abort, what came is read
   * before an error is thrown.
   *
   * @throws {NoRespondersError} at once, if nobody subscribes to the subject
   * @throws {RemoteError} if the responder refuses, or fails on the way
   * @throws {TimeoutError} if the responder does not begin within `timeout`, or is not done within `deadline`
   * @throws {LinkError} if it ended before it was complete
   * @throws {DecodeError} @throws {ValidationError} if a body is not as it should be
   * @throws the reason of the signal, if it aborts
   */
  [Symbol.asyncIterator](): AsyncIterator<Message<Body>>;
}
