import { InvalidSubjectError } from "../errors.ts";
import type { Message } from "../message/message.ts";
import type { Reply } from "../message/reply.ts";
import type { Middleware, PublishMiddleware } from "../middleware/middleware.ts";
import { callable, checkOptions, middleware as aMiddleware, shown, text } from "../options.ts";
import type { Params } from "../subject/params.ts";
import { Pattern } from "../subject/pattern.ts";
import { checkSubject } from "../subject/subject.ts";
import type { Handler } from "../subscriber/handler.ts";
import type { HandlerSubscriber, ReadSubscriber } from "../subscriber/subscriber.ts";
import { sessionHandler } from "../subscriber/session_serving.ts";
import { type SubscriberOptions, subscriberSettings } from "../subscriber/subscriber_options.ts";
import type { SessionHandler } from "../link/session.ts";
import { checkSession, type SessionOptions } from "../link/session_options.ts";
import { PatternPublisher } from "../outbound/pattern_publisher.ts";
import type { Publisher } from "../outbound/publisher.ts";
import { checkPublisher, type PublisherOptions } from "../outbound/publisher_options.ts";
import { type Host, Registry } from "./registry.ts";

/** What is registered on a router. What the broker does with it must not be a method that programs see. */
export let registryOf: (router: NatsRouter) => Registry;

/** What a handler may give back where its reply has a schema: a value, its promise, what `reply()` makes, or parts. */
export type Replied<Value> =
  | Value
  | Reply
  | Promise<Value | Reply>
  | AsyncIterable<Value | Reply>;

/** How a subscriber without a handler is subscribed. */
export type ReadOptions = Pick<SubscriberOptions, "queue" | "maxPending">;

/** Makes a router the outermost, with a connection of its own, before anything is registered on it. */
export let hostOn: (router: NatsRouter, host: Host) => Registry;

/** How a router is included. */
export interface IncludeOptions {
  /**
   * What goes before every pattern of the router and all that it publishes, just as it is: its dot, or another
   * separator, must be in it, as in `"v1."`.
   *
   * @default {""}
   */
  readonly prefix?: string;
}

/** Middleware for both directions. */
export interface MiddlewarePair<State> {
  /** Stands around the handlers. */
  readonly consume?: Middleware<State>;
  /** Stands around everything that is sent. */
  readonly publish?: PublishMiddleware;
}

/**
 * Handlers, publishers and middleware without a connection of their own: `broker.include(router)` gives them one.
 *
 * @example
 * ```ts
 * import { NatsBroker, NatsRouter } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const orders = new NatsRouter();
 * orders.subscriber("orders.{id}", ({ params }) => ({ id: params.id }));
 *
 * const broker = new NatsBroker();
 * broker.include(orders, { prefix: "v1." });
 * await using _test = await TestBroker.start(broker);
 * assertEquals((await broker.request("v1.orders.7")).body, { id: "7" });
 * ```
 */
export class NatsRouter<State extends object = Readonly<Record<string, unknown>>> {
  #registry = new Registry();

  static {
    registryOf = (router) => router.#registry;
    hostOn = (router, host) => router.#registry = new Registry(host);
  }

  /**
   * Makes a router without a prefix, which is given where it is included.
   *
   * @throws {TypeError} if it is given anything
   */
  constructor(...nothing: readonly never[]) {
    if (nothing.length === 0) return;
    throw wrongCall("make a router", 'include(new NatsRouter(), { prefix: "v1." })');
  }

  /** What a log shows: the getters, which are no fields. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    return `NatsRouter ${inspect(this.#registry.inventory, how)}`;
  }

  /**
   * Puts a middleware around every handler that is registered here or in a router below, before or after; a pair stands
   * around what is sent as well. The first stands outermost.
   *
   * @throws {TypeError} if it is no function (message, next), or something has been started or sent already
   */
  use(middleware: Middleware<State> | MiddlewarePair<State>, ...more: readonly never[]): this {
    const action = "use a middleware";
    if (middleware instanceof NatsRouter) throw wrongCall(action, "include(router)");
    if (more.length > 0) throw wrongCall(action, "use(one).use(another)");
    const pair = typeof middleware === "function" ? { consume: middleware } : middleware;
    checkOptions(action, pair ?? null, { consume: aMiddleware, publish: aMiddleware });
    if (!pair.consume && !pair.publish) throw wrongCall(action, "use({ consume, publish })");
    this.#registry.use(pair.consume as Middleware | undefined, pair.publish);
    return this;
  }

  /**
   * Takes in the handlers, publishers and middleware of another router.
   *
   * @throws {TypeError} if it is part of a router already, or a request would be answered twice
   * @throws {InvalidSubjectError} for a prefix that no subject could begin with, and one that ends with a letter or digit
   */
  include(router: NatsRouter<State>, options: IncludeOptions = {}): this {
    if (!(router instanceof NatsRouter)) {
      throw wrongCall("include a router", 'include(router, { prefix: "v1." })');
    }
    checkOptions("include a router", options, { prefix: text });
    const { prefix = "" } = options;
    if (/[{}]/.test(prefix)) {
      throw new InvalidSubjectError("include a router", "a prefix must have no parameters", prefix);
    }
    if (prefix !== "") checkSubject("include a router", `${prefix}x`);
    if (/[A-Za-z0-9]$/.test(prefix)) {
      const rule = `a prefix must end as it is to stand before "orders", as "v1." does`;
      throw new InvalidSubjectError("include a router", rule, prefix);
    }
    this.#registry.include(registryOf(router as unknown as NatsRouter), prefix);
    return this;
  }

  /**
   * A place to publish to: a subject, or a pattern such as `"orders.{id}.done"` that is filled for every message.
   *
   * @throws {InvalidSubjectError} @throws {TypeError} at once
   */
  publisher<const Text extends string, Body = unknown, Answer = unknown>(
    pattern: Text,
    options: PublisherOptions<Body, Answer> = {},
  ): Publisher<Text, Body, Answer> {
    checkText("make a publisher", pattern);
    checkPublisher(pattern, options as PublisherOptions);
    const registry = this.#registry;
    const publisher = new PatternPublisher(pattern, registry, options as PublisherOptions);
    registry.publishes(pattern);
    return publisher as unknown as Publisher<Text, Body, Answer>;
  }

  /**
   * Registers a handler for a subject, a wildcard, or a pattern such as `"orders.{id}"`; `start()` subscribes.
   * What the handler gives back is the reply. With a filter, several handlers can share a subject.
   *
   * @throws {InvalidSubjectError} for a pattern that no server would take
   * @throws {TypeError} for a wrong option, and if a request would be answered twice
   */
  subscriber<const Text extends string>(
    pattern: Text,
    handler: Handler<unknown, Params<Text>, State>,
  ): HandlerSubscriber;
  /** Registers a handler with options. */
  subscriber<const Text extends string, Body = unknown, Reply = unknown>(
    pattern: Text,
    options: SubscriberOptions<Body, Reply, State>,
    handler: (message: Message<Body, Params<Text>, State>) => Replied<Reply>,
  ): HandlerSubscriber;
  /** Makes a subscriber without a handler, to be read like an inbox once it is started. */
  subscriber(pattern: string, options?: ReadOptions): ReadSubscriber;
  subscriber(
    pattern: string,
    ...rest: readonly unknown[]
  ): HandlerSubscriber | ReadSubscriber {
    const { options, handler } = readCall<Handler, SubscriberOptions<never, never>>(
      "subscriber",
      pattern,
      rest,
    );
    const settings = subscriberSettings(new Pattern(pattern), options, handler);
    if (!handler) return this.#registry.read(pattern, settings);
    const { filter, schema, replySchema, middleware = [] } = options as SubscriberOptions;
    return this.#registry.handle(pattern, settings, {
      handler,
      filter,
      schema,
      replySchema,
      middleware,
    });
  }

  /**
   * Serves sessions on a subject, a wildcard, or a pattern such as `"chat.{room}"`; `start()` subscribes. Each is over once
   * the handler returns or throws.
   *
   * @throws {InvalidSubjectError} for a pattern that no server would take
   * @throws {TypeError} for a wrong option, and if an opening would be answered twice
   */
  session<const Text extends string>(
    pattern: Text,
    handler: SessionHandler<unknown, unknown, Params<Text>>,
  ): HandlerSubscriber;
  /** Serves sessions with options. */
  session<const Text extends string, Incoming = unknown, Outgoing = unknown, Opening = unknown>(
    pattern: Text,
    options: SessionOptions<Incoming, Outgoing, Opening, State>,
    handler: SessionHandler<Incoming, Outgoing, Params<Text>, Opening>,
  ): HandlerSubscriber;
  session(pattern: string, ...rest: readonly unknown[]): HandlerSubscriber {
    const { options, handler } = readCall<SessionHandler, SessionOptions>("session", pattern, rest);
    checkText("serve sessions", pattern);
    checkSession(pattern, options);
    if (!handler) throw wrongCall(`serve sessions on "${pattern}"`, "session(pattern, handler)");
    const { queue, openingSchema: schema, middleware = [], maxSessions = 1_000 } = options;
    const settings = subscriberSettings(new Pattern(pattern), { ...(queue && { queue }) }, handler);
    const serving = sessionHandler(pattern, options, handler);
    return this.#registry.handle(pattern, {
      ...settings,
      concurrency: Infinity,
      maxStreams: maxSessions,
    }, {
      handler: serving,
      schema,
      middleware,
      filter: undefined,
      replySchema: undefined,
      isSession: true,
    });
  }
}

/**
 * What a registration is called with. Options where the handler should be, and a handler that is `undefined`, would
 * make a subscriber that nobody reads.
 *
 * @throws {TypeError} that says how it is called
 */
function readCall<Handles extends (...given: never[]) => unknown, Options extends object>(
  method: "subscriber" | "session",
  pattern: string,
  given: readonly unknown[],
): { readonly options: Options; readonly handler: Handles | undefined } {
  const last = given.at(-1);
  const handler = given.length > 0 && callable(last) === undefined ? last as Handles : undefined;
  const isRead = method === "subscriber" && given.length === 1 && typeof last === "object";
  const isFitting = handler
    ? given.length <= 2 && handler.length <= 1
    : given.length === 0 || isRead;
  if (!isFitting) {
    const handled = method === "session" ? "(session) => …" : "(message) => …";
    const found = given.map(shown).join(", ");
    throw wrongCall(
      `call ${method}(${shown(pattern)}, ${found})`,
      `${method}(pattern, options, ${handled})`,
    );
  }
  if (handler && cannotHandle(handler, method)) {
    const right = method === "session" ? "async (session) => …" : "async function* (message) { … }";
    throw wrongCall(
      `call ${method}(${shown(pattern)}, …)`,
      `${method}(pattern, options, ${right})`,
    );
  }
  const [first] = handler && given.length === 1 ? [] : given;
  return { options: (first === undefined ? {} : first) as Options, handler };
}

/** Sentences name the pattern before it is read, and not everything can be made text. */
function checkText(action: string, pattern: unknown): void {
  if (typeof pattern === "string") return;
  throw new InvalidSubjectError(action, "a subject must be text", pattern);
}

/** A generator is called and never run: of a session it would do nothing, and of a subscriber only an async one is read. */
function cannotHandle(handler: object, method: "subscriber" | "session"): boolean {
  const kind = Object.prototype.toString.call(handler);
  return kind === "[object GeneratorFunction]" ||
    method === "session" && kind === "[object AsyncGeneratorFunction]";
}

function wrongCall(action: string, right: string): TypeError {
  return new TypeError(`Cannot ${action} as it must be written: ${right}`);
}
