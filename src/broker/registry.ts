import type { EventFeed } from "../events.ts";
import type { LinkContext } from "../link/ends/link_context.ts";
import type { Middleware, PublishMiddleware } from "../middleware/middleware.ts";
import { Sender, type Ways } from "../sending/sender.ts";
import type { PublisherPlace } from "../sending/publisher.ts";
import type { EndpointStats } from "../service/endpoint.ts";
import { Pattern } from "../subject/subject.ts";
import type { Binding, Place } from "../subscriber/binding.ts";
import { Handling } from "../subscriber/handling.ts";
import { Reading } from "../subscriber/reading.ts";
import type { RouteSettings } from "../subscriber/route.ts";
import type { SubscriberSettings } from "../subscriber/subscriber_options.ts";
import { Answering } from "./answering.ts";

/** What routers use of their broker. */
export interface Host extends Ways, Omit<LinkContext, "sender"> {
  /** What streams and sessions go over, with the messages of one router. */
  linkContext(sender: Sender): LinkContext;
  readonly feed: EventFeed;
  /** Aborts when the timeout of the broker's stop has passed. */
  readonly stopping: () => AbortSignal;
  /** The queue group of subscribers that name no group. */
  readonly queue: string | undefined;
  /** The counts of a service's subscriber. */
  readonly stats: (handling: Handling) => EndpointStats | undefined;
  /** Notes a newly registered subscriber. */
  registered(subscriber: Handling | Reading): void;
  /** Forgets a subscriber that is no longer registered, once it has `left`. */
  forget(handling: Handling, left: Promise<void>): void;
}

/** The subscribers, publishers and middleware of a router, and its place among other routers. */
export class Registry implements PublisherPlace {
  readonly #host: Host | undefined;
  /** By the text of their patterns, so that a handler with a filter can join one. */
  readonly #handlings = new Map<string, Set<Handling>>();
  /** The answering subscribers here and below, if this is the outermost router. */
  #answering: Answering;
  readonly #readings = new Set<Reading>();
  readonly #published = new Set<string>();
  readonly #children: Registry[] = [];
  readonly #middleware: Middleware[] = [];
  readonly #publishMiddleware: PublishMiddleware[] = [];
  #parent: Registry | undefined;
  #prefix = "";
  #sender: Sender | undefined;

  constructor(host?: Host) {
    this.#host = host;
    this.#answering = new Answering(host?.queue);
  }

  /** The prefix of every pattern here. */
  get prefix(): string {
    return (this.#parent?.prefix ?? "") + this.#prefix;
  }

  /** Every subscriber with a handler, here and in all routers below. */
  get handlings(): readonly Handling[] {
    const own = [...this.#handlings.values()].flatMap((same) => [...same]);
    return [...own, ...this.#children.flatMap((child) => child.handlings)];
  }

  /** Every subscriber without a handler. */
  get readings(): readonly Reading[] {
    return [...this.#readings, ...this.#children.flatMap((child) => child.readings)];
  }

  /** Where publishers send to, as wildcards. */
  get published(): readonly string[] {
    const own = [...this.#published].map((text) => new Pattern(this.prefix + text).subject);
    return [...own, ...this.#children.flatMap((child) => child.published)];
  }

  /** The patterns of everything registered here and below. */
  get inventory(): {
    readonly subscribers: readonly string[];
    readonly publishers: readonly string[];
  } {
    const subscribers = [...this.handlings, ...this.readings].map(({ pattern }) => pattern);
    return { subscribers, publishers: this.published };
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
  handle(text: string, settings: SubscriberSettings, route: RouteSettings): Handling {
    const same = this.#handlings.get(text)?.values().find(({ queue }) => queue === settings.queue);
    if (same && (same.isFiltered || route.filter)) {
      checkShared(text, settings);
      same.add(route);
      return same;
    }
    const handling: Handling = new Handling(text, settings, this.#place(() => handling));
    handling.add(route);
    this.#keep(handling);
    return handling;
  }

  /** Notes where a publisher sends to. */
  publishes(text: string): void {
    this.#published.add(text);
  }

  /** Registers a subscriber that the program reads. */
  read(text: string, settings: SubscriberSettings): Reading {
    const reading: Reading = new Reading(text, settings, this.#place(() => reading));
    this.#keep(reading);
    return reading;
  }

  /**
   * Includes another router's registry, once.
   *
   * @throws {TypeError} if that router is included already, or a request would get two answers
   */
  include(child: Registry, prefix: string): void {
    if (child.#parent || child.#host || child === this.#root) {
      throw new TypeError("Cannot include a router as it must be part of nothing yet: it is");
    }
    child.#parent = this;
    child.#prefix = prefix;
    try {
      this.#root.#answering.add(child.handlings);
    } catch (error) {
      child.#parent = undefined;
      child.#prefix = "";
      throw error;
    }
    for (const each of [...child.handlings, ...child.readings]) this.#serve(each);
    // the outermost router holds its subscribers now, and forgets those that stop
    child.#answering = new Answering(undefined);
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

  #broker(action: string): Host {
    const host = this.#root.#host;
    if (host) return host;
    throw new TypeError(`Cannot ${action} as the router must be included in a broker: it is not`);
  }

  /** The place of a subscriber of this router; the prefix is known once the router is included. */
  #place(of: () => Handling | Reading): Place {
    const prefix = () => this.prefix;
    const clock = () => this.#root.#host?.clock;
    return {
      get clock() {
        return clock();
      },
      get prefix() {
        return prefix();
      },
      bind: () => this.#bind(of()),
      join: () => this.#keep(of()),
      leave: (left) => this.#forget(of(), left),
    };
  }

  #keep(subscriber: Handling | Reading): void {
    if (!(subscriber instanceof Handling)) {
      this.#readings.add(subscriber);
      return this.#serve(subscriber);
    }
    const same = this.#handlings.get(subscriber.text);
    if (same?.has(subscriber)) return;
    this.#root.#answering.add([subscriber]);
    if (same) same.add(subscriber);
    else this.#handlings.set(subscriber.text, new Set([subscriber]));
    this.#serve(subscriber);
  }

  /** Forbids answers to subjects that the broker itself serves. */
  #serve(subscriber: Handling | Reading): void {
    const host = this.#root.#host;
    host?.addresses.serve(subscriber.subject, subscriber);
    host?.registered(subscriber);
  }

  #forget(subscriber: Handling | Reading, left: Promise<void>): void {
    this.#root.#host?.addresses.leave(subscriber.subject, subscriber);
    if (!(subscriber instanceof Handling)) return void this.#readings.delete(subscriber);
    const same = this.#handlings.get(subscriber.text);
    if (!same?.delete(subscriber)) return;
    if (same.size === 0) this.#handlings.delete(subscriber.text);
    this.#root.#answering.delete(subscriber);
    this.#root.#host?.forget(subscriber, left);
  }

  #bind(subscriber: Handling | Reading): Binding {
    const host = this.#broker("start a subscriber");
    const { connection, feed, stopping, queue, stats } = host;
    const { sender } = this;
    return {
      ways: host.linkContext(sender),
      connection,
      feed,
      stopping,
      queue,
      prefix: this.prefix,
      middleware: this.#allMiddleware,
      sender,
      stats: subscriber instanceof Handling ? stats(subscriber) : undefined,
    };
  }
}

function checkShared(text: string, { shared: [option] }: SubscriberSettings): void {
  if (option === undefined) return;
  throw new TypeError(
    `Cannot subscribe to "${text}" as what is for all its handlers must be given with the first: "${option}"`,
  );
}
