import type { Message } from "../message/message.ts";
import type { NextOptions } from "../inbox/inbox.ts";

/** Something that is subscribed to a subject; `broker.subscriber()` makes it, `start()` has the server know of it. */
export interface Subscriber extends AsyncDisposable {
  /** The pattern, with the prefixes of all routers it is in. */
  readonly pattern: string;
  /** What the server is asked for: every parameter of the pattern is a `*`. */
  readonly subject: string;

  /**
   * Subscribes by itself, for a subscriber that comes when the broker is started already; resolves with the subscriber
   * once the server has the subscription.
   *
   * @throws {ConnectionError} if the broker is not connected
   * @throws {PermissionError} if the server does not permit it
   * @throws {SubscriptionError} if the server refuses it for another reason, such as its `max_subscriptions`
   * @throws {TypeError} if it was stopped, and another one answers its requests by now
   */
  start(): Promise<this>;

  /** Takes in nothing new; resolves once everything that was taken has been seen through. */
  stop(): Promise<void>;
}

/** A subscriber with a handler. */
export interface HandlerSubscriber extends Subscriber {
  /**
   * How many messages have been seen through, and how many were not: there was no room for them, or their answers may not
   * go where they say.
   */
  readonly counts: { readonly handled: number; readonly dropped: number };

  /**
   * Resolves once so many messages in all, 1 if nothing is said, have been seen through: for tests.
   *
   * @throws {TimeoutError} after `timeout` milliseconds, 5 000 if nothing is said
   */
  received(count?: number, options?: NextOptions): Promise<void>;
}

/** A subscriber without a handler, that is read like an inbox. */
export interface ReadSubscriber extends Subscriber, AsyncIterable<Message> {
  /** How many messages were lost as more came than were read. */
  readonly dropped: number;

  /**
   * The next message; `undefined` once it has stopped and what waited has been read.
   *
   * @throws {TimeoutError} if none came within `timeout`
   * @throws the reason of `signal`, if it aborts
   */
  next(options?: NextOptions): Promise<Message | undefined>;
}
