import type { NextOptions } from "../inbox/inbox.ts";
import type { Interest, Taker } from "../connection/connection.ts";
import { isAsyncGenerator } from "../link/async_iterable.ts";
import { Places } from "../link/places.ts";
import { ERROR_CODES } from "../message/error_codes.ts";
import type { Packet } from "../message/packet.ts";
import { RefusedReplies } from "../replies/refused_replies.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";
import { type Endpoint, endpointName, schemaMetadata } from "../service/endpoint.ts";
import type { EndpointStats } from "../service/endpoint_stats.ts";
import { Pattern } from "../subject/pattern.ts";
import { handled } from "../thenable.ts";
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

/** Takes messages off the connection and sees to it that a handler gets each of them. */
export class Handling implements HandlerSubscriber, Taker, Worker {
  /** Its pattern without the prefix of its routers. */
  readonly text: string;
  readonly #settings: SubscriberSettings;
  readonly #routes: RouteSettings[] = [];
  readonly #live: Route[] = [];
  readonly #place: Place;
  readonly #intake: Intake;
  readonly #seen = new HandledCount();
  /** What its handlers are at, also from before it was stopped and started again. */
  readonly #open = new Set<Exchange>();
  #lastParsed: Pattern | undefined;
  #binding: Binding | undefined;
  #delivery!: Delivery;
  #interest: Interest | undefined;
  #wasStarted = false;
  #drained: Promise<unknown> = Promise.resolve();
  #deaf: (() => void) | undefined;
  /** Where its answers may go; without, it gives none. */
  #addresses: ReplyAddresses | undefined;
  #refused: RefusedReplies | undefined;
  #refusal: Error | undefined;
  #dropped = 0;
  /** Whether some of what comes may become a stream or a session. */
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

  /** Anew where the prefix has become longer, as its router was included. */
  get #parsed(): Pattern {
    const text = this.pattern;
    if (this.#lastParsed?.text !== text) this.#lastParsed = new Pattern(text);
    return this.#lastParsed;
  }

  /** The queue group, if it names one. */
  get queue(): string | undefined {
    return this.#settings.queue;
  }

  /** Where its values are published beside the reply, as wildcards. */
  get targets(): readonly string[] {
    return this.#publishTo.map(({ subject }) => subject);
  }

  /** How many messages a caller may be sent: streams and sessions are many. */
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

  /** Whether the program has ever asked it to listen. */
  get wasStarted(): boolean {
    return this.#wasStarted;
  }

  /** Why the server did not take the subscription; known once the connection is flushed. */
  get refusal(): Error | undefined {
    return this.#refusal;
  }

  /** Whether every handler here is for some of the messages only. */
  get isFiltered(): boolean {
    return this.#routes.every(({ filter }) => filter !== undefined);
  }

  /** What a service says of it. */
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
   * Adds a handler, behind those that are there.
   *
   * @throws {TypeError} if one of them takes every message, so that none would be left
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
    // one that was refused is asked for anew, so that whoever starts is told again
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
      // subscriptions go with the connection; the next one has to be told again
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

  /** Takes in nothing new; resolves once all that was taken is seen through, for everyone who asks meanwhile. */
  async leave(): Promise<void> {
    const interest = this.#interest;
    this.#interest = undefined;
    if (interest) this.#drained = Promise.all([this.#drained, interest.drain()]);
    await this.#drained;
    await this.#intake.drained();
  }

  /** Hands nothing to the handlers after this moment, by the clock. */
  takeUntil(moment: number): void {
    this.#intake.takeUntil(moment);
  }

  /** Time is up: whoever still waits is told, at work or not, past a middleware that takes longer than `patience`. */
  async abandon(patience: number): Promise<void> {
    const refused = this.#intake.clear().map((packet) => this.#refuseStopping(packet));
    await Promise.all([...refused, this.#delivery?.abandon(patience)]);
  }

  received(count = 1, options: NextOptions = {}): Promise<void> {
    return handled(this.#seen.reach(count, options, this.subject, this.#place.clock));
  }

  /** What a log shows: the getters, which are no fields. */
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

  take(packet: Packet): void {
    if (!this.#addresses || this.#addresses.permits(packet)) return this.#intake.take(packet);
    this.#refused!.report(packet);
  }

  readonly comesBack = true;

  refused(error: Error): void {
    this.#refusal = error;
  }

  restored(): void {
    this.#refusal = undefined;
  }

  run(packet: Packet, arrived: number): void | Promise<void> {
    const done = this.#delivery.run(packet, arrived);
    return done ? done.then(() => this.#seen.add()) : this.#seen.add();
  }

  overflow(packet: Packet): void {
    this.#drop();
    void this.#delivery.refuse(packet, ERROR_CODES.tooMany, "Too many requests");
  }

  late(packet: Packet): void {
    void this.#refuseStopping(packet);
  }

  #drop(): void {
    const dropped = ++this.#dropped;
    this.#binding!.feed.emit({ type: "slowConsumer", subject: this.subject, dropped });
  }

  #refuseStopping(packet: Packet): void | Promise<void> {
    return this.#delivery.refuse(packet, ERROR_CODES.unavailable, SHUTTING_DOWN);
  }

  /** Where its values are published beside the reply, below the prefix of its routers as all that they publish. */
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
        places: new Places(clock, maxStreams, openingRate),
        unread: new Places(clock, maxStreams),
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
