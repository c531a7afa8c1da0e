import type { Duration } from "../duration.ts";
import type { Message } from "../message/message.ts";
import { Pattern } from "../subject/subject.ts";
import type {
  MessageOptions,
  PublishOptions,
  QuestionOptions,
  RequestOptions,
} from "./send_options.ts";
import { type HeaderFields, headerFields } from "../message/headers.ts";
import { type Schema, standardSchema } from "../message/schema.ts";
import { checkOptions, milliseconds } from "../options.ts";
import { handled } from "../promises.ts";
import { PublisherCalls } from "./publisher_calls.ts";
import type { Sender } from "./sender.ts";

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

const ACTION = "make a publisher";

/**
 * Checks every option.
 *
 * @throws {TypeError} naming the first that is unknown or wrong
 */
export function checkPublisher(
  pattern: string,
  options: PublisherOptions,
): void {
  checkOptions(`${ACTION} of "${pattern}"`, options, {
    params: (value) => namesRule(new Pattern(pattern, ACTION).names, value),
    schema: standardSchema,
    replySchema: standardSchema,
    headers: headerFields,
    timeout: milliseconds,
  });
}

/** The names must be those of the pattern: the compiler trusts them. */
export function namesRule(names: readonly string[], value: unknown): string | undefined {
  const isList = Array.isArray(value) && new Set(value).size === value.length;
  if (isList && value.length === names.length && names.every((name) => value.includes(name))) {
    return undefined;
  }
  return names.length > 0
    ? `the names of its parameters, ${names.join(", ")}`
    : "empty, as it has no parameters";
}

/** Where a publisher is registered; known once its router is part of a broker. */
export interface PublisherScope {
  /** The prefixes of its routers, which precede the pattern. */
  readonly prefix: string;
  readonly sender: Sender;
}

/** Fills its pattern, checks the body, and publishes both. */
export class PatternPublisher implements Publisher<string, never, unknown> {
  readonly #scope: PublisherScope;
  readonly #options: PublisherOptions;
  readonly #calls: PublisherCalls;

  constructor(text: string, scope: PublisherScope, options: PublisherOptions) {
    this.#scope = scope;
    this.#options = options;
    this.#calls = new PublisherCalls(text, () => scope.prefix, options.headers);
  }

  get pattern(): string {
    return this.#calls.pattern;
  }

  publish(...message: unknown[]): Promise<void> {
    return handled(this.#publish(message));
  }

  request(...message: unknown[]): Promise<Message> {
    return handled(this.#request(message));
  }

  async #publish(message: readonly unknown[]): Promise<void> {
    const { sender } = this.#scope;
    const { schema } = this.#options;
    let draft;
    try {
      draft = this.#calls.read<PublishOptions>("publish", message);
    } catch (error) {
      return await sender.reported(this.pattern, Promise.reject(error));
    }
    const { subject, body, options } = draft;
    await sender.publish(subject, body, schema ? { ...options, schema } : options);
  }

  async #request(message: readonly unknown[]): Promise<Message> {
    const { subject, body, options } = this.#calls.read<RequestOptions>("request", message);
    const { sender } = this.#scope;
    const { schema: sendSchema, replySchema: schema, timeout = sender.requestTimeout } =
      this.#options;
    return await sender.request(subject, body, {
      ...options,
      ...(sendSchema && { sendSchema }),
      ...(schema && { schema }),
      timeout: options.timeout ?? timeout,
    });
  }

  /** The text for logs: it shows the getters, which a log would otherwise omit. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    return `Publisher ${inspect({ pattern: this.pattern }, how)}`;
  }
}
