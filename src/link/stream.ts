import type { Message } from "../message/message.ts";
import type { NextOptions, Reader } from "../reader.ts";
import type { LinkEnd } from "./link_error.ts";

/**
 * A streamed reply: the values of an `async function*` handler as they arrive; `broker.requestStream()` makes it. If
 * several loops read, each part goes to one of them. A Signalbox responder that does not stream gives one part. From a
 * responder of another library the stream takes messages up to the empty one of ADR-47. It yields them once the empty
 * message has arrived or `timeout` has passed, as a streaming responder may be slower to answer; without the empty
 * message the stream ends as `peer-gone` after a silence of `timeout`.
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
 * assertEquals(await stream.closed, "complete");
 * ```
 *
 * @example A status before the first byte of an HTTP answer
 * ```ts
 * import { NatsBroker, NoRespondersError } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * broker.subscriber("report", async function* () {
 *   yield "one line\n";
 *   yield "and another\n";
 * });
 * await using _test = await TestBroker.start(broker);
 *
 * async function answer(subject: string): Promise<Response> {
 *   const lines = broker.requestStream<string>(subject);
 *   try {
 *     await lines.accepted;
 *   } catch (error) {
 *     return new Response(null, { status: error instanceof NoRespondersError ? 503 : 502 });
 *   }
 *   return new Response(lines.readable.pipeThrough(new TextEncoderStream()));
 * }
 * assertEquals(await (await answer("report")).text(), "one line\nand another\n");
 * assertEquals((await answer("nobody")).status, 503);
 * ```
 */
export interface ReplyStream<Body = unknown> extends Reader<Message<Body>, LinkEnd> {
  /**
   * Resolves once the responder has accepted the request, before its first part; rejects with the error of a refusal.
   * From a responder of another library, which accepts nothing, it resolves as soon as the first part can be read. The
   * program may leave it un-awaited.
   *
   * @throws {NoRespondersError} at once, if nobody subscribes to the subject
   * @throws {RemoteError} if the responder refuses
   * @throws {TimeoutError} if the responder does not begin within `timeout`
   * @throws {PermissionError} if the server does not permit the request or the subscription for the answer
   * @throws {LinkError} if the program has closed the stream before
   * @throws {ConnectionError} if the broker stops
   * @throws {ValidationError} if an async `sendSchema` refuses the body
   * @throws the reason of the signal, if it aborts
   */
  readonly accepted: Promise<void>;
  /** Resolves with the reason once the stream has ended; never rejects. The program can still read earlier parts. */
  readonly closed: Promise<LinkEnd>;
  /** The bodies, as a Web Stream; cancelling it closes the stream. */
  readonly readable: ReadableStream<Body>;

  /** Always 0: the responder sends no more than this side has room for. */
  readonly dropped: number;

  /**
   * The next part; `undefined` once the stream is complete, or the program has closed it.
   *
   * @throws {TimeoutError} if no part arrives within its `timeout`; the stream stays open
   * @throws the reason of its `signal`, if it aborts; the stream stays open
   * @throws the errors that the loop throws
   */
  next(options?: NextOptions): Promise<Message<Body> | undefined>;

  /** Cancels the stream: the responder's `message.signal` aborts. Does nothing once the stream has ended. */
  close(): Promise<void>;

  /**
   * Reads parts until the stream ends; leaving the loop closes it. The loop yields received parts before it throws an
   * error, except after an abort.
   *
   * @throws {NoRespondersError} at once, if nobody subscribes to the subject
   * @throws {RemoteError} if the responder refuses, or fails on the way
   * @throws {TimeoutError} if the responder does not begin within `timeout`, or is not done within `deadline`
   * @throws {LinkError} if it ended before it was complete
   * @throws {DecodeError} if a body does not decode
   * @throws {ValidationError} if a body does not fit its schema
   * @throws the reason of the signal, if it aborts
   */
  [Symbol.asyncIterator](): AsyncIterator<Message<Body>>;
}
