import type { Delivery } from "../message/raw_message.ts";
import type { NextOptions } from "../reader.ts";
import { handled } from "../promises.ts";
import { schemaMetadata } from "../service/endpoint.ts";
import type { BrokerContext, Scope } from "../source/context.ts";
import type { Invocation } from "../source/invocation.ts";
import type { Needs, OpenSource, Sink, Source, SourceDriver } from "../source/source.ts";
import { Pattern } from "../subject/subject.ts";
import { HandledCount, HandlerQueue, type Worker } from "./handler_queue.ts";
import { MessageProcessor } from "./message_processor.ts";
import { Route, type RouteSettings, servedBy, SessionOpener } from "./route.ts";
import type { HandlerSubscriber } from "./subscriber.ts";
import type { SubscriberSettings } from "./subscriber_options.ts";

/** What a handler is registered on. */
export interface Origin {
  /** What its registry finds it by: a pattern without the prefix of its routers, or a source. */
  readonly key: string | Source;
  /** The source below this prefix of its routers. */
  readonly within: (prefix: string) => SourceDriver<BrokerContext>;
}

/** Opens a source on the broker, and passes its deliveries to handlers. */
export class HandledSubscription implements HandlerSubscriber, Sink, Worker {
  readonly #origin: Origin;
  readonly #settings: SubscriberSettings;
  readonly #routes: RouteSettings[] = [];
  readonly #live: Route[] = [];
  readonly #scope: Scope<HandledSubscription>;
  readonly #queue: HandlerQueue;
  readonly #seen = new HandledCount();
  /** The invocations of running handlers, including those from before a stop and a new start. */
  readonly #open = new Set<Invocation>();
  #driver: SourceDriver<BrokerContext> | undefined;
  #parsed: Pattern | undefined;
  #context: BrokerContext | undefined;
  #processor!: MessageProcessor;
  #source: OpenSource | undefined;
  #serves: Sink["serves"] = "values";
  /** Whether the program has ever started it. */
  wasStarted = false;
  #prefix = "";
  #stopped: Promise<unknown> = Promise.resolve();
  #stopListening: (() => void) | undefined;
  #dropped = 0;

  constructor(origin: Origin, settings: SubscriberSettings, scope: Scope<HandledSubscription>) {
    this.#origin = origin;
    this.#settings = settings;
    this.#scope = scope;
    this.#queue = new HandlerQueue(this, settings.concurrency, settings.bounds);
  }

  /** What its registry finds it by. */
  get key(): string | Source {
    return this.#origin.key;
  }

  /** Whether it takes the messages of a subject, and not of a source. */
  get isOfSubject(): boolean {
    return typeof this.key === "string";
  }

  get pattern(): string {
    return this.driver.pattern;
  }

  get subject(): string {
    return this.#wildcard.subject;
  }

  /** The source; another one if the prefix has grown, as its router was included. */
  get driver(): SourceDriver<BrokerContext> {
    const { prefix } = this.#scope;
    if (this.#driver && this.#prefix === prefix) return this.#driver;
    this.#prefix = prefix;
    return this.#driver = this.#origin.within(prefix);
  }

  get #wildcard(): Pattern {
    const { pattern } = this;
    if (this.#parsed?.text !== pattern) this.#parsed = new Pattern(pattern);
    return this.#parsed;
  }

  /** The queue group that its options name, if any. */
  get queue(): string | undefined {
    return this.#settings.queue;
  }

  /** The subjects that the broker subscribes to for it. */
  get served(): readonly string[] {
    return this.needs.subscribe?.map(({ subject }) => subject) ?? [];
  }

  /** What the server must permit. */
  get needs(): Needs {
    return this.driver.needs;
  }

  /** How many messages a caller may get: streams and sessions are many. */
  get answers(): "none" | "one" | "many" {
    if (!this.needs.answers) return "none";
    return this.#serves === "values" ? "one" : "many";
  }

  get counts(): { readonly handled: number; readonly dropped: number } {
    return { handled: this.#seen.count, dropped: this.#dropped + (this.driver.dropped ?? 0) };
  }

  get atWork(): number {
    return this.#queue.count;
  }

  /** Whether every handler here has a filter. */
  get isFiltered(): boolean {
    return this.#routes.every(({ filter }) => filter !== undefined);
  }

  get free(): number {
    return this.#queue.free;
  }

  get serves(): Sink["serves"] {
    return this.#serves;
  }

  /** How its handlers are registered, in order. */
  get routes(): readonly RouteSettings[] {
    return this.#routes;
  }

  /** The schemas of its first handler, as JSON Schemas in text. */
  get schemas(): Readonly<Record<string, string>> {
    const [route] = this.#routes;
    return schemaMetadata(route?.schema, route?.replySchema);
  }

  /**
   * Adds a handler, behind the existing ones.
   *
   * @throws {TypeError} if an existing handler takes every message, so that the new one would get none
   */
  add(route: RouteSettings): void {
    if (this.#routes.some(({ filter }) => !filter)) {
      throw new TypeError(
        `Cannot subscribe to "${this.pattern}" as each earlier handler must have a filter: one takes all messages`,
      );
    }
    this.#routes.push(route);
    const serves = servedBy(route);
    if (this.#serves !== "sessions" && serves !== "values") this.#serves = serves;
    if (this.#context) this.#live.push(this.#routed(route, this.#context));
  }

  /** Opens the source; a round trip to the server later, `ready()` says whether it is open. */
  open(): void {
    if (this.#source && !this.#source.isRefused) return;
    // repeat a refused subscription, so that this start gets its own error
    this.#source?.cancel?.();
    const context = this.#context = this.#scope.context;
    this.#live.splice(0, Infinity, ...this.#routes.map((route) => this.#routed(route, context)));
    this.#queue.open(context.clock);
    this.#stopListening?.();
    this.#stopListening = context.feed.listen(({ type }) => {
      // subscriptions end with the connection, and the next connection needs new ones
      if (type === "closed") this.#source = undefined;
    });
    this.wasStarted = true;
    const stats = this.#scope.statsOf(this);
    const source = this.#source = this.driver.open(this, context);
    this.#processor = new MessageProcessor({
      pattern: this.#wildcard,
      concurrency: this.#settings.concurrency,
      routes: this.#live,
      open: this.#open,
      context,
      source,
      sink: this,
      stats,
    });
  }

  /** Resolves once messages can come; call it after a round trip to the server. */
  async ready(): Promise<void> {
    await this.#source?.ready();
    for (const { handler } of this.#routes) {
      if (handler instanceof SessionOpener) await handler.load();
    }
  }

  start(): Promise<this> {
    return handled(this.#start());
  }

  async #start(): Promise<this> {
    this.#scope.join(this);
    this.open();
    await this.#context!.connection.flush({}, `subscribe to "${this.pattern}"`);
    await this.ready();
    return this;
  }

  stop(): Promise<void> {
    return handled(this.#stop());
  }

  async #stop(): Promise<void> {
    const stopped = this.drain();
    this.#scope.leave(this, stopped);
    await stopped;
    if (!this.#source) this.#stopListening?.();
  }

  /** Takes no new messages; resolves once all taken ones are handled; concurrent calls share the wait. */
  async drain(): Promise<void> {
    const source = this.#source;
    this.#source = undefined;
    if (source) this.#stopped = Promise.all([this.#stopped, this.#processor.stopSource()]);
    await this.#stopped;
    await this.#queue.drained();
    // a source may deliver even now, and no handler must run in a broker that has stopped
    if (!this.#source) this.#queue.expireAt(-Infinity);
  }

  /** Starts no handler after this moment, by the clock. */
  expireAt(moment: number): void {
    this.#queue.expireAt(moment);
  }

  /** Settles all that waits and runs as refused, within `patience` milliseconds. */
  async expire(patience: number): Promise<void> {
    // a source that does not stop holds up no later stop
    this.#stopped = Promise.resolve();
    const refused = this.#queue.clear().map((delivery) => this.#refuse(delivery, "stopping"));
    await Promise.all([...refused, this.#processor?.expire(patience)]);
  }

  received(count = 1, options: NextOptions = {}): Promise<void> {
    return handled(this.#seen.reach(count, options, this.subject, this.#scope.clock));
  }

  /** The text for logs: it shows the getters, which a log would otherwise omit. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { pattern, queue, counts } = this;
    return `Subscriber ${inspect({ pattern, queue, ...counts }, how)}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  take(delivery: Delivery): void {
    this.#queue.take(delivery);
  }

  run(delivery: Delivery, arrived: number): void | Promise<void> {
    const done = this.#processor.run(delivery, arrived);
    return done ? done.then(this.#seen.add, this.#seen.add) : this.#seen.add();
  }

  overflow(delivery: Delivery): void {
    this.drop();
    void this.#refuse(delivery, "too-many");
  }

  late(delivery: Delivery): void {
    void this.#refuse(delivery, "stopping");
  }

  freed(): void {
    if (this.#source) this.#processor.freed(this.free);
  }

  drop(): void {
    const dropped = ++this.#dropped;
    this.#context!.feed.emit({ type: "slowConsumer", subject: this.subject, dropped });
  }

  report(error: Error, invocation?: Invocation): void {
    const { pattern } = this;
    const about = invocation &&
      { subject: invocation.subject, correlationId: invocation.correlationId };
    this.#context!.feed.emit({ type: "error", error, ...about, pattern });
  }

  #refuse(delivery: Delivery, reason: "too-many" | "stopping"): void | Promise<void> {
    return this.#processor.refuse(delivery, reason);
  }

  #routed(route: RouteSettings, { middleware }: BrokerContext): Route {
    return new Route(route, middleware, {
      stream: (invocation, parts, check) => this.#processor.stream(invocation, parts, check),
      report: (error) => this.report(error),
    });
  }
}
