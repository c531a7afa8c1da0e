import type { NextOptions } from "../inbox/inbox.ts";
import type { HeaderFields } from "../message/headers.ts";
import type { Message } from "../message/message.ts";
import type { LinkEnd } from "./link_error.ts";

/**
 * Whether what is sent goes out now (`open`), waits until the other side answers again (`paused`), or is refused
 * (`closed`).
 */
export type SessionState = "open" | "paused" | "closed";

/** What goes with one message of a session. */
export interface SendOptions {
  /** Headers beside ours. */
  readonly headers?: HeaderFields;
  /** Ends the wait for room with its reason; the message is sent all the same. */
  readonly signal?: AbortSignal;
}

/**
 * A private channel between two parties: each sends to the other, in order and once, across a reconnect, and a slow
 * reader slows the sender. `broker.openSession()` opens one, `broker.session()` serves it; both ends are the same.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * broker.session("echo.{room}", async (session) => {
 *   for await (const { body } of session) await session.send(`${session.params.room}: ${body}`);
 * });
 * await using _test = await TestBroker.start(broker);
 *
 * await using session = await broker.openSession("echo.7");
 * await session.send("hello");
 * assertEquals((await session.next())?.body, "7: hello");
 * await session.end();
 * assertEquals(await session.closed, "complete");
 * ```
 */
export interface Session<
  Incoming = unknown,
  Outgoing = unknown,
  Values = Readonly<Record<string, string>>,
  Opening = unknown,
> extends AsyncIterable<Message<Incoming>>, AsyncDisposable {
  /** The subject it was opened on. */
  readonly subject: string;
  /** The values of the pattern's parameters, on the side that serves; empty on the other. */
  readonly params: Values;
  /**
   * The other side's first word: the opening with its body and headers where it is served, and where it was opened the
   * acceptance, which has headers only.
   */
  readonly opening: Message<Opening>;
  /** What ties together all its messages, and what becomes of them. */
  readonly correlationId: string;
  /** Whether what is sent goes out. */
  readonly state: SessionState;
  /** Resolves with how it ended; never rejects. What came before can still be read then. */
  readonly closed: Promise<LinkEnd>;
  /** Aborted once it has ended, with the error that says how. */
  readonly signal: AbortSignal;
  /** Aborted when either broker begins to stop: time to come to an end, before it is ended. */
  readonly draining: AbortSignal;
  /** The bodies that come in, as a Web Stream; cancelling it cancels the session. */
  readonly readable: ReadableStream<Incoming>;
  /** What is written is sent; closing it is `end()`, aborting it is `abort()`. */
  readonly writable: WritableStream<Outgoing>;

  /**
   * Sends text as text, bytes as bytes, and all else as JSON; resolves when there is room for more, so that whoever waits
   * for it is no faster than the other side reads. One larger than the server takes is split, and joined on arrival.
   *
   * @throws {LinkError} once it has ended, by either side
   * @throws {RemoteError} if the other side failed
   * @throws {EncodeError} if the body is not text, bytes or a JSON value
   * @throws {ValidationError} if it does not fit `sendSchema`
   * @throws {PayloadTooLargeError} if it is larger than the other side takes; the session goes on
   * @throws {OutboxFullError} if too much waits already, of those who did not wait for room
   * @throws the reason of `signal`, if it aborts
   */
  send(body: Outgoing, options?: SendOptions): Promise<void>;

  /**
   * The next message; `undefined` once the other side has said all, or this side has left.
   *
   * @throws {LinkError} if it ended before that, after all that came has been read
   * @throws {RemoteError} if the other side failed
   * @throws {DecodeError} @throws {ValidationError} if the body is not as it should be
   * @throws {TimeoutError} if none came within `timeout`
   * @throws the reason of `signal`, if it aborts
   */
  next(options?: NextOptions): Promise<Message<Incoming> | undefined>;

  /**
   * Says that nothing more is to come from here; reading goes on. Resolves once the other side has all that was sent.
   *
   * @throws {LinkError} @throws {RemoteError} if it ended before that
   */
  end(): Promise<void>;

  /** Says that nothing more is to come, and reads no more; resolves once the other side has all that was sent, or is gone. */
  close(): Promise<void>;

  /**
   * Leaves at once, what is on its way included: the other side is told `cancelled` and the text, or with a `ReplyError`
   * its code, description and data.
   */
  abort(reason?: unknown): void;

  /** Reads messages until the other side has said all; leaving the loop cancels the session. */
  [Symbol.asyncIterator](): AsyncIterator<Message<Incoming>>;

  /** Closes, at the end of an `await using` scope. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What serves a session; it is over once this returns or throws. */
export type SessionHandler<
  Incoming = unknown,
  Outgoing = unknown,
  Values = Readonly<Record<string, string>>,
  Opening = unknown,
> = (session: Session<Incoming, Outgoing, Values, Opening>) => unknown;
