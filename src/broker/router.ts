import type { AnyState } from "../message/message.ts";
import type { SessionHandler } from "../link/session.ts";
import { checkSession, type SessionOptions } from "../link/link_options.ts";
import type { Middleware } from "../middleware/middleware.ts";
import { checkOptions, middleware as aMiddleware, text, wrongCall } from "../options.ts";
import { checkPublisher, PatternPublisher } from "../sending/publisher.ts";
import type { Publisher, PublisherOptions } from "../sending/publisher_types.ts";
import {
  checkRouterPrefix,
  checkText,
  type ParamNames,
  type Params,
  Pattern,
} from "../subject/subject.ts";
import { driverOf, type Given, type Source } from "../source/source.ts";
import { sessionRoute } from "../subscriber/route.ts";
import { subjectOrigin } from "../subscriber/subject_source.ts";
import type { Handler, HandlerSubscriber, ReadSubscriber } from "../subscriber/subscriber.ts";
import {
  checkForSource,
  readCall,
  type ReadOptions,
  type SubscriberOptions,
  subscriberSettings,
} from "../subscriber/subscriber_options.ts";
import { startHook, stopHook } from "./hooks.ts";
import { Registry, registryOf, setRegistry } from "./registry.ts";
import type {
  AnyReply,
  IncludeOptions,
  MiddlewarePair,
  Replied,
  Subscribed,
} from "./router_types.ts";

/**
 * What `include` asks of a router: its state must be a part of the state of what includes it, which runs the outer
 * middleware. A router that names no state fits everywhere. For any other router it is a text, which the compiler shows.
 */
export type Providing<State, Needed extends object> = [AnyState] extends [Needed]
  ? NatsRouter<Needed>
  : [State] extends [Needed] ? NatsRouter<Needed>
  : "a router whose state is a part of the state here";

/**
 * Handlers, publishers and middleware without a connection; `broker.include(router)` connects them.
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
export class NatsRouter<State extends object = AnyState> {
  /**
   * Makes a router; give its prefix to `include()`.
   *
   * @throws {TypeError} if it gets any argument
   */
  constructor();
  constructor(...nothing: readonly unknown[]) {
    setRegistry(this, new Registry());
    if (nothing.length === 0) return;
    throw wrongCall("make a router", 'include(new NatsRouter(), { prefix: "v1." })');
  }

  /** The text for logs; shows neither inboxes nor server URLs, which may hold credentials. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { kind, ...inventory } = registryOf(this).inventory;
    return `${kind} ${inspect(inventory, how)}`;
  }

  /**
   * Wraps every handler of this router and of the routers it includes in a middleware, also those registered before; a
   * pair also wraps everything that the program sends. The first middleware is the outermost.
   *
   * @example
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { TestBroker } from "@signalbox/nats/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const broker = new NatsBroker();
   * broker.use(async (_message, next) => `${await next()}!`);
   * broker.subscriber("greet.{name}", ({ params }) => `Hello, ${params.name}`);
   * await using _test = await TestBroker.start(broker);
   * assertEquals((await broker.request("greet.Ada")).body, "Hello, Ada!");
   * ```
   *
   * @throws {TypeError} if it is not a function (message, next), or something has already started or been sent
   */
  use(middleware: Middleware<State> | MiddlewarePair<State>): this;
  use(
    middleware: Middleware<State> | MiddlewarePair<State>,
    ...more: readonly unknown[]
  ): this {
    const action = "use a middleware";
    if (middleware instanceof NatsRouter) throw wrongCall(action, "include(router)");
    if (more.length > 0) throw wrongCall(action, "use(one).use(another)");
    const pair = typeof middleware === "function" ? { consume: middleware } : middleware;
    checkOptions(action, pair ?? null, { consume: aMiddleware, publish: aMiddleware });
    if (!pair.consume && !pair.publish) throw wrongCall(action, "use({ consume, publish })");
    registryOf(this).use(pair.consume as Middleware | undefined, pair.publish);
    return this;
  }

  /**
   * Includes the handlers, publishers and middleware of another router. The state that it names must be a part of the
   * state here.
   *
   * @throws {TypeError} if that router is included already, or a request would get two answers
   * @throws {InvalidSubjectError} for a prefix that cannot begin a subject, or that ends with a letter or digit
   */
  include<Needed extends object>(
    router: Providing<State, Needed>,
    options: IncludeOptions = {},
  ): this {
    if (!(router instanceof NatsRouter)) {
      throw wrongCall("include a router", 'include(router, { prefix: "v1." })');
    }
    checkOptions("include a router", options, { prefix: text });
    const { prefix = "" } = options;
    checkRouterPrefix("include a router", prefix);
    registryOf(this).include(registryOf(router), prefix);
    return this;
  }

  /**
   * Runs a function at every start, once connected and before anything is subscribed; those of the broker run first,
   * then those of its routers. Its resource, a result with `Symbol.asyncDispose` or `Symbol.dispose`, lasts until the
   * stop. If it throws, or all of them take longer than `startTimeout`, `start()` rejects, and what they had started is
   * stopped in reverse order. It must not await `start()`.
   *
   * @example
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { TestBroker } from "@signalbox/nats/testing";
   *
   * const broker = new NatsBroker();
   * broker.onStart(() => ({ [Symbol.dispose]: () => console.log("closed") })); // or () => openPool()
   * await using _test = await TestBroker.start(broker); // it is closed at the end
   * ```
   *
   * @param hook gets a signal that aborts when the start is given up
   * @throws {TypeError} if it is not a function
   */
  onStart(hook: (starting: { readonly signal: AbortSignal }) => unknown): this {
    registryOf(this).hook(startHook(hook));
    return this;
  }

  /**
   * Runs a function, or disposes of a resource, at the stop after a start, within the stop's timeout: handlers have
   * ended, and the connection is still there. The last of all hooks is the first to be undone; a failure emits an
   * `error` event. It must not await `stop()`.
   *
   * @example
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { TestBroker } from "@signalbox/nats/testing";
   *
   * const broker = new NatsBroker();
   * broker.onStop(() => console.log("all handlers have ended"));
   * await using _test = await TestBroker.start(broker); // stops the broker at the end
   * ```
   *
   * @throws {TypeError} if it is neither
   */
  onStop(hook: (() => unknown) | AsyncDisposable | Disposable): this {
    registryOf(this).hook(stopHook(hook));
    return this;
  }

  /**
   * Makes a publisher for a subject, or for a pattern such as `"orders.{id}.done"` that each message fills in. If the
   * pattern is known only at run time, the option `params` names its parameters. {@linkcode Publisher} has examples.
   *
   * @throws {InvalidSubjectError} at once, for an invalid pattern
   * @throws {TypeError} at once, for a wrong option, and for a header that no message may have
   */
  publisher<
    const Text extends string,
    Body = unknown,
    Answer = unknown,
    const Names extends string = ParamNames<Text>,
  >(
    pattern: Text,
    options: PublisherOptions<Body, Answer, Names> = {},
  ): Publisher<Names, Body, Answer> {
    checkText("make a publisher", pattern);
    checkPublisher(pattern, options as PublisherOptions);
    const registry = registryOf(this);
    const publisher = new PatternPublisher(pattern, registry, options as PublisherOptions);
    registry.publishes(pattern, options as PublisherOptions);
    return publisher as unknown as Publisher<Names, Body, Answer>;
  }

  /**
   * Registers a handler for a subject, a wildcard, a pattern such as `"orders.{id}"`, or a source; `start()` subscribes.
   * The handler's return value is the reply, or what its source makes of it. With a filter, several handlers can share a
   * subject. With options in the handler's place, the program reads the subscriber like an inbox.
   *
   * @example A handler that answers, in a queue group
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { TestBroker } from "@signalbox/nats/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const broker = new NatsBroker();
   * broker.subscriber("count", { queue: "counters" }, ({ data }) => data.length);
   * await using _test = await TestBroker.start(broker);
   * assertEquals((await broker.request("count", "four")).body, 4);
   * ```
   *
   * @throws {InvalidSubjectError} for an invalid pattern
   * @throws {TypeError} for a wrong option, and if a request would get two answers
   */
  subscriber<const From extends string | Source, Body = unknown, Reply = AnyReply>(
    from: From,
    given:
      | ((message: Given<From, unknown, State>) => Reply)
      | (From extends string ? ReadOptions<Body> : never),
  ): Subscribed<From, Body, Reply>;
  /** Registers a handler with options. */
  subscriber<const From extends string | Source, Body = unknown, Reply = unknown>(
    from: From,
    options: SubscriberOptions<Body, Reply, State>,
    handler: (message: Given<From, Body, State>) => Replied<NoInfer<Reply>>,
  ): HandlerSubscriber;
  /** Makes a subscriber without a handler; once it is started, the program reads it like an inbox. */
  subscriber<const Text extends string>(pattern: Text): ReadSubscriber<unknown, Params<Text>>;
  subscriber(
    from: string | Source,
    ...rest: readonly unknown[]
  ): HandlerSubscriber | ReadSubscriber {
    const driver = driverOf(from);
    const name = driver ? (from as Source).name : from as string;
    const call = readCall<Handler, SubscriberOptions<never, never>>("subscriber", name, rest);
    const { options, handler } = call;
    if (driver) checkForSource(from as Source, driver, options, handler);
    const settings = subscriberSettings(new Pattern(driver?.pattern ?? name), options, handler);
    const { filter, schema, replySchema, middleware = [] } = options as SubscriberOptions;
    if (!handler) return registryOf(this).read(name, settings, schema);
    const origin = driver
      ? { key: from as Source, within: () => driver }
      : subjectOrigin(name, settings);
    const route = { handler, filter, schema, replySchema, middleware };
    return registryOf(this).handle(origin, settings, route);
  }

  /**
   * Serves sessions on a subject, a wildcard, or a pattern such as `"chat.{room}"`; `start()` subscribes. A session
   * ends when its handler returns or throws. {@linkcode Session} has an example.
   *
   * @throws {InvalidSubjectError} for an invalid pattern
   * @throws {TypeError} for a wrong option, and if an opening would get two answers
   */
  session<const Text extends string>(
    pattern: Text,
    handler: SessionHandler<unknown, unknown, Params<Text>, unknown, State>,
  ): HandlerSubscriber;
  /** Serves sessions with options. */
  session<
    const Text extends string,
    Incoming = unknown,
    Outgoing = unknown,
    Opening = unknown,
  >(
    pattern: Text,
    options: SessionOptions<Incoming, Outgoing, Opening, State>,
    handler: SessionHandler<Incoming, Outgoing, Params<Text>, Opening, State>,
  ): HandlerSubscriber;
  session(pattern: string, ...rest: readonly unknown[]): HandlerSubscriber {
    const { options, handler } = readCall<SessionHandler, SessionOptions>("session", pattern, rest);
    const parsed = new Pattern(pattern, "serve sessions");
    checkSession(pattern, options);
    if (!handler) throw wrongCall(`serve sessions on "${pattern}"`, "session(pattern, handler)");
    const { queue, maxSessions = 1_000 } = options;
    const settings = subscriberSettings(parsed, { ...(queue && { queue }) }, handler);
    const limits = { ...settings, concurrency: Infinity, maxStreams: maxSessions };
    const route = sessionRoute(pattern, options, handler);
    return registryOf(this).handle(subjectOrigin(pattern, limits), limits, route);
  }
}
