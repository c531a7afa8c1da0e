import type { MessageSink, ServerSubscription } from "../connection/connection.ts";
import type { NextOptions } from "../inbox/inbox.ts";
import { handled, isAsyncGenerator } from "../promises.ts";
import { Limiter } from "../link/limits.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { ERROR_CODES } from "../message/reply.ts";
import { RefusedReplies } from "../replies/refused_replies.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";
import type { Endpoint, EndpointStats } from "../service/endpoint.ts";
import { endpointName, schemaMetadata } from "../service/endpoint.ts";
import { Pattern } from "../subject/subject.ts";
import type { Binding, Place } from "./binding.ts";
import { Delivery, SHUTTING_DOWN } from "./delivery.ts";
import type { Exchange } from "./exchange.ts";
import { HandledCount } from "./handled_count.ts";
import { Intake, type Worker } from "./intake.ts";
import { Route, type RouteSettings } from "./route.ts";
import { Seats } from "./seats.ts";
import { SelfAsking } from "./self_asking.ts";
import type { HandlerSubscriber } from "./subscriber.ts";
import type { SubscriberSettings } from "./subscriber_options.ts";

/** Takes messages from the connection and passes each to a handler. */
export class Handling implements HandlerSubscriber, MessageSink, Worker {
  /** Its pattern without the prefix of its routers. */
  readonly text: string;
  readonly #settings: SubscriberSettings;
  readonly #routes: RouteSettings[] = [];
  readonly #live: Route[] = [];
  readonly #place: Place;
  readonly #intake: Intake;
  readonly #seen = new HandledCount();
  /** The exchanges of running handlers, including those from before a stop and a new start. */
  readonly #open = new Set<Exchange>();
  #lastParsed: Pattern | undefined;
  #binding: Binding | undefined;
  #delivery!: Delivery;
  #interest: ServerSubscription | undefined;
  #wasStarted = false;
  #drained: Promise<unknown> = Promise.resolve();
  #deaf: (() => void) | undefined;
  /** Decides where its answers may go. */
  #addresses: ReplyAddresses | undefined;
  #refused: RefusedReplies | undefined;
  #refusal: Error | undefined;
  #dropped = 0;
  /** Whether messages may become streams or sessions. */
  #isSeated = false;

  constructor(text: string, settings: SubscriberSettings, place: Place) {
    this.#settings = settings;
    this.text = text;
    this.#place = place;
    this.#intake = new Intake(this, settings.concurrency, settings.bounds);
  }

  get pattern(): string {
    return this.#place.prefix + this.text;
  }

  get subject(): string {
    return this.#parsed.subject;
  }

  /** Parses again if the prefix has grown, as its router was included. */
  get #parsed(): Pattern {
    const text = this.pattern;
    if (this.#lastParsed?.text !== text) this.#lastParsed = new Pattern(text);
    return this.#lastParsed;
  }

  /** The queue group that its options name, if any. */
  get queue(): string | undefined {
    return this.#settings.queue;
  }

  /** Where it publishes values in addition to the reply, as wildcards. */
  get targets(): readonly string[] {
    return this.#publishTo.map(({ subject }) => subject);
  }

  /** How many messages a caller may get: streams and sessions are many. */
  get answers(): "none" | "one" | "many" {
    if (this.#settings.noReply) return "none";
    return this.#isSeated ? "many" : "one";
  }

  get counts(): { readonly handled: number; readonly dropped: number } {
    return { handled: this.#seen.count, dropped: this.#dropped + (this.#refused?.count ?? 0) };
  }

  get atWork(): number {
    return this.#intake.count;
  }

  /** Whether the program has ever started it. */
  get wasStarted(): boolean {
    return this.#wasStarted;
  }

  /** Why the server refused the subscription; known once the connection is flushed. */
  get refusal(): Error | undefined {
    return this.#refusal;
  }

  /** Whether every handler here has a filter. */
  get isFiltered(): boolean {
    return this.#routes.every(({ filter }) => filter !== undefined);
  }

  /** Its description as an endpoint of a service. */
  endpoint(queue: string, stats: EndpointStats): Endpoint {
    const { pattern, subject } = this;
    const [{ schema, replySchema } = {} as Partial<RouteSettings>] = this.#routes;
    return {
      name: endpointName(pattern),
      subject,
      queueGroup: this.#settings.queue ?? queue,
      metadata: schemaMetadata(schema, replySchema),
      stats,
    };
  }

  /**
   * Adds a handler, behind the existing ones.
   *
   * @throws {TypeError} if an existing handler takes every message, so that the new one would get none
   */
  add(route: RouteSettings): void {
    if (this.#routes.some(({ filter }) => !filter)) {
      throw new TypeError(
        `Cannot subscribe to "${this.pattern}" as the handlers before must leave some messages: one takes all`,
      );
    }
    this.#routes.push(route);
    this.#isSeated ||= route.isSession === true || isAsyncGenerator(route.handler);
    if (this.#binding) this.#live.push(this.#routed(route, this.#binding));
  }

  /** Subscribes; the server has it once the connection is flushed. */
  listen(): void {
    if (this.#interest && !this.#refusal) return;
    // repeat a refused subscription, so that this start gets its own error
    this.#interest?.unsubscribe();
    const binding = this.#binding = this.#place.bind();
    const pattern = this.#parsed;
    const { noReply, queue } = this.#settings;
    this.#addresses = noReply ? undefined : binding.ways.addresses;
    this.#refused ??= new RefusedReplies(binding.feed, pattern.text);
    this.#delivery = this.#deliveryOf(binding, pattern);
    this.#live.splice(0, Infinity, ...this.#routes.map((route) => this.#routed(route, binding)));
    this.#refusal = undefined;
    this.#intake.open(binding.ways.clock);
    this.#deaf?.();
    this.#deaf = binding.feed.listen(({ type }) => {
      // subscriptions end with the connection, and the next connection needs new ones
      if (type === "closed") this.#interest = this.#refusal = undefined;
    });
    this.#wasStarted = true;
    this.#interest = binding.connection.subscribe(pattern.subject, this, queue ?? binding.queue);
  }

  start(): Promise<this> {
    return handled(this.#start());
  }

  async #start(): Promise<this> {
    this.#place.join();
    this.listen();
    await this.#binding!.connection.flush({}, `subscribe to "${this.pattern}"`);
    if (this.#refusal) throw this.#refusal;
    return this;
  }

  stop(): Promise<void> {
    return handled(this.#stop());
  }

  async #stop(): Promise<void> {
    const left = this.leave();
    this.#place.leave(left);
    await left;
    if (!this.#interest) this.#deaf?.();
  }

  /** Takes no new messages; resolves once all taken ones are handled; concurrent calls share the wait. */
  async leave(): Promise<void> {
    const interest = this.#interest;
    this.#interest = undefined;
    if (interest) this.#drained = Promise.all([this.#drained, interest.drain()]);
    await this.#drained;
    await this.#intake.drained();
  }

  /** Starts no handler after this moment, by the clock. */
  takeUntil(moment: number): void {
    this.#intake.takeUntil(moment);
  }

  /** Sends every waiting caller a 503, without a middleware that takes longer than `patience` milliseconds. */
  async abandon(patience: number): Promise<void> {
    const refused = this.#intake.clear().map((packet) => this.#refuseStopping(packet));
    await Promise.all([...refused, this.#delivery?.abandon(patience)]);
  }

  received(count = 1, options: NextOptions = {}): Promise<void> {
    return handled(this.#seen.reach(count, options, this.subject, this.#place.clock));
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

  take(packet: RawMessage): void {
    if (!this.#addresses || this.#addresses.permits(packet)) return this.#intake.take(packet);
    this.#refused!.report(packet);
  }

  readonly retryRefused = true;

  refused(error: Error): void {
    this.#refusal = error;
  }

  restored(): void {
    this.#refusal = undefined;
  }

  run(packet: RawMessage, arrived: number): void | Promise<void> {
    const done = this.#delivery.run(packet, arrived);
    return done ? done.then(() => this.#seen.add()) : this.#seen.add();
  }

  overflow(packet: RawMessage): void {
    this.#drop();
    void this.#delivery.refuse(packet, ERROR_CODES.tooMany, "Too many requests");
  }

  late(packet: RawMessage): void {
    void this.#refuseStopping(packet);
  }

  #drop(): void {
    const dropped = ++this.#dropped;
    this.#binding!.feed.emit({ type: "slowConsumer", subject: this.subject, dropped });
  }

  #refuseStopping(packet: RawMessage): void | Promise<void> {
    return this.#delivery.refuse(packet, ERROR_CODES.unavailable, SHUTTING_DOWN);
  }

  /** Where it publishes values in addition to the reply, with the prefix of its routers. */
  get #publishTo(): readonly Pattern[] {
    const { prefix } = this.#place;
    const { publishTo } = this.#settings;
    return prefix === "" ? publishTo : publishTo.map(({ text }) => new Pattern(prefix + text));
  }

  #deliveryOf(binding: Binding, pattern: Pattern): Delivery {
    const { noReply, concurrency, streams, maxStreams, openingRate } = this.#settings;
    const [{ subject, text }, { feed, ways, ways: { clock } }] = [pattern, binding];
    return new Delivery({
      ...binding,
      pattern,
      routes: this.#live,
      open: this.#open,
      selfAsking: new SelfAsking({ pattern: text, subject, concurrency, feed, clock }),
      publishTo: this.#publishTo,
      noReply,
      streams,
      isSeated: () => this.#isSeated,
      seats: new Seats({
        ways,
        feed,
        pattern: text,
        what: this.#routes.some(({ isSession }) => isSession) ? "sessions" : "streams",
        noReply,
        places: new Limiter(clock, maxStreams, openingRate),
        unread: new Limiter(clock, maxStreams),
        refused: () => this.#drop(),
      }),
    });
  }

  #routed(route: RouteSettings, { middleware, feed, ways: { clock } }: Binding): Route {
    const { pattern } = this;
    const report = (error: Error) => feed.emit({ type: "error", error, pattern });
    return new Route(route, middleware, { clock, pour: this.#delivery.pour, report });
  }
}
