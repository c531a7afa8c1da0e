import type { AnyParams } from "../subject/subject.ts";
import type { NextOptions, Reader } from "../reader.ts";
import type { HeaderFields } from "../message/headers.ts";
import type { AnyState, Message } from "../message/message.ts";
import type { LinkEnd } from "./link_error.ts";

/**
 * `open`: messages go out now; `paused`: messages wait until the other side answers again; `closed`: `send()` throws.
 */
export type SessionState = "open" | "paused" | "closed";

/** Options of one message of a session. */
export interface SendOptions {
  /** Additional headers. */
  readonly headers?: HeaderFields;
  /** Ends the wait for room with its reason; the session still sends the message. */
  readonly signal?: AbortSignal;
}

/**
 * A private channel between two parties. Each message arrives in order and once, even across a reconnect, and a slow
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
  Values = AnyParams,
  Opening = unknown,
  State = AnyState,
> extends Reader<Message<Incoming>, LinkEnd> {
  /** The subject of the opening. */
  readonly subject: string;
  /** The values of the pattern's parameters on the serving side; empty on the opening side. */
  readonly params: Values;
  /**
   * The other side's first message. The serving side sees the opening with its body and headers; the opening side sees
   * the acceptance, which has only headers. On the serving side, middleware has filled its `state`.
   */
  readonly opening: Message<Opening, Values, State>;
  /** The id that ties together all messages of the session and the work that follows from them. */
  readonly correlationId: string;
  /** Whether messages go out now, wait, or throw. */
  readonly state: SessionState;
  /**
   * Resolves with the reason once the session has ended; never rejects. The program can still read earlier messages.
   */
  readonly closed: Promise<LinkEnd>;
  /** Aborts when the session ends, with an error that names the reason. */
  readonly signal: AbortSignal;
  /** Aborts when either broker begins to stop: the program should end the session before the broker does. */
  readonly draining: AbortSignal;
  /** The received bodies as a Web Stream; cancelling it cancels the session. */
  readonly readable: ReadableStream<Incoming>;
  /** Always 0: the other side sends no more than this side has room for. */
  readonly dropped: number;
  /** Sends what the program writes; closing it calls `end()`, aborting it calls `abort()`. */
  readonly writable: WritableStream<Outgoing>;

  /**
   * Sends text as text, bytes as bytes, and everything else as JSON; resolves when there is room for more, so that a
   * program that awaits it is no faster than the other side reads. It splits a body larger than the server's limit; the
   * other side joins it.
   *
   * @throws {LinkError} once either side has ended the session
   * @throws {RemoteError} if the other side failed
   * @throws {EncodeError} if the body is not text, bytes or a JSON value
   * @throws {ValidationError} if the body does not fit `sendSchema`
   * @throws {PayloadTooLargeError} if the body is larger than the other side accepts; the session stays open
   * @throws {OutboxFullError} if too much waits already, as the program does not await `send()`
   * @throws the reason of `signal`, if it aborts
   */
  send(body: Outgoing, options?: SendOptions): Promise<void>;

  /**
   * The next message; `undefined` once the other side has called `end()`, or this side has left.
   *
   * @throws {LinkError} if the session ended otherwise, after the program has read all received messages
   * @throws {RemoteError} if the other side failed
   * @throws {DecodeError} if the body does not decode
   * @throws {ValidationError} if the body does not fit its schema
   * @throws {TimeoutError} if no message arrives within `timeout`
   * @throws the reason of `signal`, if it aborts
   */
  next(options?: NextOptions): Promise<Message<Incoming> | undefined>;

  /**
   * Ends this side's sending; reading still works. Resolves once the other side has acknowledged all messages.
   *
   * @throws {LinkError} if the session ended before that
   * @throws {RemoteError} if the other side failed before that
   */
  end(): Promise<void>;

  /** Ends sending and reading; resolves once the other side has acknowledged all messages, or is gone. */
  close(): Promise<void>;

  /**
   * Ends the session at once, and drops unsent messages. The other side gets `cancelled` and the text, or the code,
   * description and data of a `ReplyError`.
   */
  abort(reason?: unknown): void;

  /** Reads messages until the other side has called `end()`; leaving the loop cancels the session. */
  [Symbol.asyncIterator](): AsyncIterator<Message<Incoming>>;

  /** Closes, at the end of an `await using` scope. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves a session, which ends when this function returns or throws. */
export type SessionHandler<
  Incoming = unknown,
  Outgoing = unknown,
  Values = AnyParams,
  Opening = unknown,
  State = AnyState,
> = (session: Session<Incoming, Outgoing, Values, Opening, State>) => unknown;
