import type { Params } from "../subject/params.ts";
import { Pattern } from "../subject/pattern.ts";
import type { Handler } from "../subscriber/handler.ts";
import { HandlerSubscriber, type Subscriber, type Surroundings } from "../subscriber/subscriber.ts";
import { type SubscriberOptions, subscriberSettings } from "../subscriber/subscriber_options.ts";

/** Gives a router the connection that its handlers run on. */
export let settle: (router: NatsRouter, surroundings: Surroundings) => void;

/** Everything that is registered on a router. */
export let subscribersOf: (router: NatsRouter) => ReadonlySet<HandlerSubscriber>;

/** Where handlers are registered. */
export class NatsRouter {
  readonly #subscribers = new Set<HandlerSubscriber>();
  #surroundings: Surroundings | undefined;

  static {
    settle = (router, surroundings) => router.#surroundings = surroundings;
    subscribersOf = (router) => router.#subscribers;
  }

  /**
   * Registers a handler for a subject, a wildcard, or a pattern such as `"orders.{id}"`; `start()` subscribes.
   * What the handler gives back is the reply.
   *
   * @throws {InvalidSubjectError} @throws {TypeError} at once
   */
  subscriber<const Pattern extends string>(
    pattern: Pattern,
    handler: Handler<unknown, Params<Pattern>>,
  ): Subscriber;
  /** Registers a handler with options. */
  subscriber<const Pattern extends string, Body = unknown>(
    pattern: Pattern,
    options: SubscriberOptions<Body>,
    handler: Handler<Body, Params<Pattern>>,
  ): Subscriber;
  subscriber(
    pattern: string,
    ...rest: readonly [Handler<never, never>] | readonly [SubscriberOptions, Handler<never, never>]
  ): Subscriber {
    const [options, handler] = rest.length === 1 ? [{}, rest[0]] : rest;
    if (typeof handler !== "function") {
      throw new TypeError(`Cannot subscribe to "${pattern}" as a handler must be a function`);
    }
    const settings = subscriberSettings(pattern, options);
    const subscriber = new HandlerSubscriber(
      new Pattern(pattern),
      settings,
      handler as Handler,
      this.#surroundings!,
    );
    this.#subscribers.add(subscriber);
    return subscriber;
  }
}
