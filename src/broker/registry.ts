import type { Clock } from "../clock.ts";
import type { Schema } from "../message/schema.ts";
import type { Middleware, PublishMiddleware } from "../middleware/middleware.ts";
import type { PublisherScope } from "../sending/publisher.ts";
import { Sender } from "../sending/sender.ts";
import type { EndpointStats } from "../service/endpoint.ts";
import { BrokerContext, type BrokerParts, type Scope } from "../source/context.ts";
import type { Source } from "../source/source.ts";
import { Pattern } from "../subject/subject.ts";
import { HandledSubscription, type Origin } from "../subscriber/handled_subscription.ts";
import { ReadSubscription } from "../subscriber/read_subscription.ts";
import type { RouteSettings } from "../subscriber/route.ts";
import type { SubscriberSettings } from "../subscriber/subscriber_options.ts";
import type { Hook } from "./hooks.ts";
import { ReplyOverlaps } from "./reply_overlaps.ts";

/** A subscriber of either kind. */
export type Subscription = HandledSubscription | ReadSubscription;

/** The broker of routers. */
export interface RegistryHost extends BrokerParts {
  /** What a log shows of the broker. */
  readonly summary: object;
  /** The counts of a service's subscriber. */
  statsOf(subscription: HandledSubscription): EndpointStats | undefined;
  /** Notes a newly registered subscriber. */
  registered(subscription: Subscription): void;
  /** Forgets a subscriber that is no longer registered, once it has `stopped`. */
  forget(subscription: HandledSubscription, stopped: Promise<void>): void;
}

/** The schemas of a publisher. */
interface PublisherSchemas {
  readonly schema?: Schema | undefined;
  readonly replySchema?: Schema | undefined;
}

/** The subscribers, publishers and middleware of a router, and its place among other routers. */
export class Registry implements PublisherScope, Scope<Subscription> {
  readonly #host: RegistryHost | undefined;
  /** By their patterns and sources, so that a handler with a filter can join one. */
  readonly #handled = new Map<string | Source, Set<HandledSubscription>>();
  /** The answering subscribers here and below, if this is the outermost router. */
  #overlaps: ReplyOverlaps;
  readonly #read = new Set<ReadSubscription>();
  /** By their patterns: a program may make the same publisher again and again. */
  readonly #published = new Map<string, PublisherSchemas[]>();
  readonly #hooks: Hook[] = [];
  readonly #children: Registry[] = [];
  readonly #middleware: Middleware[] = [];
  readonly #publishMiddleware: PublishMiddleware[] = [];
  #parent: Registry | undefined;
  #prefix = "";
  #sender: Sender | undefined;
  #context: BrokerContext | undefined;

  constructor(host?: RegistryHost) {
    this.#host = host;
    this.#overlaps = new ReplyOverlaps(host?.queue);
  }

  /** The prefix of every pattern here. */
  get prefix(): string {
    return (this.#parent?.prefix ?? "") + this.#prefix;
  }

  /** Every subscriber with a handler, here and in all routers below. */
  get handled(): readonly HandledSubscription[] {
    const own = [...this.#handled.values()].flatMap((same) => [...same]);
    return [...own, ...this.#children.flatMap((child) => child.handled)];
  }

  /** Every subscriber without a handler. */
  get readers(): readonly ReadSubscription[] {
    return [...this.#read, ...this.#children.flatMap((child) => child.readers)];
  }

  /** Where publishers send to, as wildcards. */
  get published(): readonly string[] {
    const own = [...this.#published.keys()]
      .map((text) => new Pattern(this.prefix + text).subject);
    return [...own, ...this.#children.flatMap((child) => child.published)];
  }

  /** What runs at the start and the stop: those here first, then those of each router below. */
  get hooks(): readonly Hook[] {
    return [...this.#hooks, ...this.#children.flatMap((child) => child.hooks)];
  }

  /** Every publisher; those of one pattern with the same schemas are one. */
  get publishers(): readonly (PublisherSchemas & { readonly pattern: string })[] {
    const own = [...this.#published].flatMap(([text, same]) =>
      same.map((schemas) => ({ pattern: this.prefix + text, ...schemas }))
    );
    return [...own, ...this.#children.flatMap((child) => child.publishers)];
  }

  /** For logs: what it is, and the patterns of everything registered here and below. */
  get inventory(): Readonly<Record<string, unknown>> {
    const subscribers = [...this.handled, ...this.readers].map(({ pattern }) => pattern);
    const own = this.#host ? { kind: "NatsBroker", ...this.#host.summary } : { kind: "NatsRouter" };
    return { ...own, subscribers, publishers: this.published };
  }

  /** Sends this router's messages, through its middleware, which are composed at the first use. */
  get sender(): Sender {
    return this.#sender ??= new Sender(this.#broker("send"), this.#allPublishMiddleware);
  }

  /**
   * Wraps the handlers and publishers of this router in middleware.
   *
   * @throws {TypeError} once something has started or was sent, as the middleware would not wrap it
   */
  use(consume: Middleware | undefined, publish: PublishMiddleware | undefined): void {
    if (this.#isInUse) {
      throw new TypeError(
        "Cannot use a middleware as it must come before anything is started or sent",
      );
    }
    if (consume) this.#middleware.push(consume);
    if (publish) this.#publishMiddleware.push(publish);
  }

  /**
   * Registers a handler; a handler with a filter joins the others on the same subject.
   *
   * @throws {TypeError} if a request would get two answers, or no message would reach the handler
   */
  handle(
    origin: Origin,
    settings: SubscriberSettings,
    route: RouteSettings,
  ): HandledSubscription {
    const { key } = origin;
    const same = this.#handled.get(key)?.values().find(({ queue }) => queue === settings.queue);
    if (same && (same.isFiltered || route.filter)) {
      checkShared(same.pattern.slice(this.prefix.length), settings);
      same.add(route);
      return same;
    }
    const subscription = new HandledSubscription(origin, settings, this);
    subscription.add(route);
    this.join(subscription);
    return subscription;
  }

  /** Registers what runs at the start or the stop. */
  hook(hook: Hook): void {
    this.#hooks.push(hook);
  }

  /** Notes where a publisher sends to, and by which schemas. */
  publishes(text: string, { schema, replySchema }: PublisherSchemas): void {
    const same = this.#published.get(text) ?? [];
    if (same.some((each) => each.schema === schema && each.replySchema === replySchema)) return;
    this.#published.set(text, [...same, { schema, replySchema }]);
  }

  /** Registers a subscriber that the program reads. */
  read(text: string, settings: SubscriberSettings, schema?: Schema): ReadSubscription {
    const subscription = new ReadSubscription(text, settings, schema, this);
    this.join(subscription);
    return subscription;
  }

  /**
   * Includes another router's registry, once.
   *
   * @throws {TypeError} if that router is included already, or a request would get two answers
   */
  include(child: Registry, prefix: string): void {
    if (child.#parent || child.#host || child === this.#root) {
      throw new TypeError(
        "Cannot include a router as no broker and no other router may include it already",
      );
    }
    child.#parent = this;
    child.#prefix = prefix;
    try {
      this.#root.#overlaps.add(child.handled);
    } catch (error) {
      child.#parent = undefined;
      child.#prefix = "";
      throw error;
    }
    for (const each of [...child.handled, ...child.readers]) this.#serve(each);
    // the outermost router holds its subscribers now, and forgets those that stop
    child.#overlaps = new ReplyOverlaps(undefined);
    this.#children.push(child);
  }

  get #root(): Registry {
    return this.#parent === undefined ? this : this.#parent.#root;
  }

  get #isInUse(): boolean {
    return this.#sender !== undefined || this.#children.some((child) => child.#isInUse);
  }

  get #allMiddleware(): readonly Middleware[] {
    const outer = this.#parent === undefined ? [] : this.#parent.#allMiddleware;
    return [...outer, ...this.#middleware];
  }

  get #allPublishMiddleware(): readonly PublishMiddleware[] {
    const outer = this.#parent === undefined ? [] : this.#parent.#allPublishMiddleware;
    return [...outer, ...this.#publishMiddleware];
  }

  get clock(): Clock | undefined {
    return this.#root.#host?.clock;
  }

  get context(): BrokerContext {
    const host = this.#broker("start a subscriber");
    return this.#context ??= new BrokerContext(host, this.sender, this.#allMiddleware);
  }

  #broker(action: string): RegistryHost {
    const host = this.#root.#host;
    if (host) return host;
    throw new TypeError(
      `Cannot ${action} as the router must be included in a broker: call include(router) first`,
    );
  }

  join(subscription: Subscription): void {
    if (!(subscription instanceof HandledSubscription)) {
      this.#read.add(subscription);
      return this.#serve(subscription);
    }
    const same = this.#handled.get(subscription.key);
    if (same?.has(subscription)) return;
    this.#root.#overlaps.add([subscription]);
    if (same) same.add(subscription);
    else this.#handled.set(subscription.key, new Set([subscription]));
    this.#serve(subscription);
  }

  leave(subscription: Subscription, stopped: Promise<void>): void {
    const host = this.#root.#host;
    for (const subject of subscription.served) host?.addresses.leave(subject, subscription);
    if (!(subscription instanceof HandledSubscription)) {
      return void this.#read.delete(subscription);
    }
    const same = this.#handled.get(subscription.key);
    if (!same?.delete(subscription)) return;
    if (same.size === 0) this.#handled.delete(subscription.key);
    this.#root.#overlaps.delete(subscription);
    host?.forget(subscription, stopped);
  }

  statsOf(subscription: Subscription): EndpointStats | undefined {
    if (!(subscription instanceof HandledSubscription)) return undefined;
    return this.#root.#host?.statsOf(subscription);
  }

  /** Forbids answers to subjects that the broker itself serves. */
  #serve(subscription: Subscription): void {
    const host = this.#root.#host;
    for (const subject of subscription.served) host?.addresses.serve(subject, subscription);
    host?.registered(subscription);
  }
}

function checkShared(text: string, { shared: [option] }: SubscriberSettings): void {
  if (option === undefined) return;
  throw new TypeError(
    `Cannot subscribe to "${text}" as an option that applies to all its handlers must be given with the first: "${option}"`,
  );
}

/** By their routers: programs must not see registries as members. */
const registries = new WeakMap<object, Registry>();

/** Gives a router its registry; that of a broker replaces the one it had as a router. */
export function setRegistry(router: object, registry: Registry): void {
  registries.set(router, registry);
}

/** The registry of a router. */
export function registryOf(router: object): Registry {
  return registries.get(router)!;
}
