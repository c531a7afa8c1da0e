import type { AnyParams } from "../subject/subject.ts";
import type { InboxEnd } from "../inbox/inbox.ts";
import type { NextOptions, Reader } from "../reader.ts";
import type { AnyState, Message } from "../message/message.ts";

/** A subscription to a subject; `broker.subscriber()` makes it, `start()` subscribes at the server. */
export interface Subscriber extends AsyncDisposable {
  /** The pattern, with the prefixes of all routers it is in. */
  readonly pattern: string;
  /** The wildcard for the server: every parameter of the pattern is a `*`. */
  readonly subject: string;

  /**
   * Subscribes, for a subscriber that the program registers after the broker's start; resolves with the subscriber once
   * the server has the subscription.
   *
   * @throws {ConnectionError} if the broker is not connected
   * @throws {PermissionError} if the server does not permit it
   * @throws {SubscriptionError} if the server refuses it for another reason, such as its `max_subscriptions`
   * @throws {TypeError} if it was stopped, and another subscriber answers its requests by now
   */
  start(): Promise<this>;

  /** Takes no new messages; resolves once all taken ones are handled. */
  stop(): Promise<void>;
}

/** A subscriber with a handler. */
export interface HandlerSubscriber extends Subscriber {
  /**
   * How many messages were handled, and how many were dropped: for want of room, or because their reply addresses are
   * not permitted.
   */
  readonly counts: { readonly handled: number; readonly dropped: number };

  /**
   * Resolves once `count` messages in all, 1 by default, have been handled: for tests.
   *
   * @throws {TimeoutError} after `timeout` milliseconds, 5 000 by default
   */
  received(count?: number, options?: NextOptions): Promise<void>;
}

/** A subscriber without a handler; the program reads it like an inbox. */
export interface ReadSubscriber<Body = unknown, Values = AnyParams>
  extends Subscriber, Reader<Message<Body, Values>, InboxEnd> {
  /**
   * Resolves with the reason once the subscriber has ended: `cancelled` by its `stop()`, `connection` with its broker;
   * never rejects. After a further start it is another promise.
   */
  readonly closed: Promise<InboxEnd>;
  /** The bodies, as a Web Stream; cancelling it ends only its own wait. After a further start it is another stream. */
  readonly readable: ReadableStream<Body>;

  /**
   * The next message; `undefined` once the subscriber has stopped and no message waits.
   *
   * @throws {TypeError} if it was never started
   * @throws {TimeoutError} if no message arrives within `timeout`
   * @throws {DecodeError} if a body with a `schema` does not decode; the subscriber stays open
   * @throws {ValidationError} if a body does not fit its `schema`; the subscriber stays open
   * @throws the reason of `signal`, if it aborts
   */
  next(options?: NextOptions): Promise<Message<Body, Values> | undefined>;

  /** Reads messages until the subscriber has stopped; leaving the loop ends only its own wait, as others may read too. */
  [Symbol.asyncIterator](): AsyncIterator<Message<Body, Values>>;
}

/**
 * A function that handles a message. Its value, or its promise's value, is the reply, if the sender wants one; an
 * exception becomes an error reply.
 */
export type Handler<
  Body = unknown,
  Values = AnyParams,
  State = AnyState,
> = (message: Message<Body, Values, State>) => unknown;
