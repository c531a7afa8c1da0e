import type { Duration } from "../duration.ts";
import type { HeaderFields } from "../message/headers.ts";
import type { Message } from "../message/message.ts";
import type { Schema } from "../message/schema.ts";
import type { MessageOptions, QuestionOptions } from "./send_options.ts";

/**
 * The arguments of a publisher: the parameters of its pattern first, if it has any, then the body, which may be left out
 * only if it may be `undefined`.
 */
export type Addressed<Names extends string, Body, Options> = [
  ...([Names] extends [never] ? [] : [params: { readonly [Name in Names]: string }]),
  ...(undefined extends Body ? [body?: Body, options?: Options] : [body: Body, options?: Options]),
];

/**
 * Publishes to one subject, or to the subjects of a pattern such as `"orders.{id}.price"`; `broker.publisher()` makes
 * it. The pattern decides how it is called: without parameters as `publish(body, options)`, with parameters as
 * `publish({ id }, body, options)`. `Names` are the names of the parameters.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * broker.subscriber("orders.{id}.price", ({ params }) => Number(params.id) * 10);
 * const price = broker.publisher("orders.{id}.price");
 * await using _test = await TestBroker.start(broker);
 *
 * assertEquals((await price.request({ id: "42" })).body, 420);
 * ```
 *
 * @example Subjects without parameters, and patterns of a configuration
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * const opened = broker.publisher("shop.opened");
 * const configured: string = "shop.{part}.closed";
 * const closed = broker.publisher(configured, { params: ["part"] });
 * const heard = broker.subscriber("shop.>");
 * await using _test = await TestBroker.start(broker);
 *
 * await opened.publish("at nine");
 * await closed.publish({ part: "bakery" }, "at six");
 * assertEquals((await heard.next())?.subject, "shop.opened");
 * assertEquals((await heard.next())?.subject, "shop.bakery.closed");
 * ```
 */
export interface Publisher<Names extends string = never, Body = unknown, Answer = unknown> {
  /** The pattern, with the prefixes of all routers it is in. */
  readonly pattern: string;

  /**
   * Publishes as `broker.publish` does, to the pattern filled with the parameters.
   *
   * @throws {TypeError} for a call with missing or wrong parameters
   * @throws {InvalidSubjectError} for a parameter that is not one token
   * @throws {ValidationError} for a body that does not fit the schema
   */
  publish(...message: Addressed<Names, Body, MessageOptions>): Promise<void>;

  /**
   * Sends a request and resolves with the answer, as `broker.request` does.
   *
   * @throws {TypeError} for a call with missing or wrong parameters
   * @throws {InvalidSubjectError} for a parameter that is not one token
   * @throws {ValidationError} for a body, or an answer, that does not fit its schema
   */
  request(
    ...message: Addressed<Names, Body, QuestionOptions>
  ): Promise<Message<Answer>>;
}

/** How a publisher sends. */
export interface PublisherOptions<
  Body = unknown,
  Answer = unknown,
  Names extends string = string,
> {
  /**
   * The names of the pattern's parameters, for a pattern that the compiler knows only as `string`.
   *
   * @default {the names that the type of the pattern shows}
   */
  readonly params?: readonly Names[];
  /** Checks and types every body before it is sent; it is sent as given. */
  readonly schema?: Schema<unknown, Body>;
  /** Checks the answers to its requests, and gives them their type. */
  readonly replySchema?: Schema<Answer, unknown>;
  /** Headers of every message; the headers of a single message take precedence. */
  readonly headers?: HeaderFields;
  /**
   * The time until a request times out.
   *
   * @default {the broker's `requestTimeout`}
   */
  readonly timeout?: Duration;
}
