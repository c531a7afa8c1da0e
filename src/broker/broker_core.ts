import { BrokerClock, type Clock, type Timer } from "../clock.ts";
import { notConnected } from "../connection/client_errors.ts";
import { Connection } from "../connection/connection.ts";
import { PermissionError, SubscriptionError } from "../errors.ts";
import type { SocketSource } from "../connection/settings.ts";
import { type BrokerState, EventFeed } from "../events.ts";
import { type Inbox, type InboxOptions, inboxSettings } from "../inbox/inbox.ts";
import { SubscribedInbox } from "../inbox/subscribed_inbox.ts";
import { Links } from "../link/links.ts";
import type {
  OpenSessionOptions,
  RequestStreamOptions,
  ResponseLimit,
} from "../link/link_options.ts";
import { loadLinks, openSession, requestStream } from "../link/load.ts";
import type { Session } from "../link/session.ts";
import type { ReplyStream } from "../link/stream.ts";
import { logEvents } from "../log/log_lines.ts";
import { currentWork, timeWithinWork } from "../message/work.ts";
import { ReplyAddresses } from "../replies/reply_addresses.ts";
import { type Answers, type RequestManyOptions, requestManySettings } from "../requests/answers.ts";
import { CollectedAnswers } from "../requests/collected_answers.ts";
import { Requests } from "../requests/requests.ts";
import type { EndpointStats, ServiceOptions } from "../service/endpoint.ts";
import { Discovery, SERVICE_QUEUE } from "../service/service.ts";
import { checkSubject, newToken } from "../subject/subject.ts";
import { overlap } from "../subject/wildcards.ts";
import type { HandledSubscription } from "../subscriber/handled_subscription.ts";
import type { BrokerSettings } from "./broker_options.ts";
import { Doors } from "./doors.ts";
import { Hooks } from "./hooks.ts";
import { Lifecycle } from "./lifecycle.ts";
import {
  type Permissions,
  permissionsOf,
  type PermissionsOptions,
  permissionsSettings,
} from "./permissions.ts";
import type { Registry, RegistryHost, Subscription } from "./registry.ts";
import { untilBroken } from "./until_broken.ts";

/**
 * How long a program may take to start a new subscriber before the broker reports that it forgot to, in milliseconds.
 */
const FORGOTTEN_AFTER = 1_000;

/** Makes and connects the parts of a broker. */
export class BrokerCore implements RegistryHost {
  readonly clock = new BrokerClock();
  readonly connection: Connection;
  readonly feed = new EventFeed();
  readonly addresses: ReplyAddresses;
  readonly requests: Requests;
  readonly requestTimeout: number;
  readonly queue: string | undefined;
  readonly links: Links;
  readonly responseLimit: ResponseLimit | undefined;
  readonly inboxPrefix: string;
  readonly makeCorrelationId: (() => string) | undefined;
  readonly doors = new Doors();
  readonly #hooks: Hooks;
  readonly #service: ServiceOptions | undefined;
  readonly #discovery: Discovery | undefined;
  readonly life: Lifecycle;
  /** How long a start waits for a reconnect, in milliseconds; `undefined`: without end. */
  readonly #mostBroken: number | undefined;
  #isWarned = false;
  /** Registered after `start()`, and not started at the last check. */
  readonly #unstarted = new Set<Subscription>();
  #forgotten: Timer | undefined;

  constructor(settings: BrokerSettings) {
    const { connection, inboxPrefix, requestTimeout, service, logger } = settings;
    this.addresses = new ReplyAddresses(inboxPrefix, settings.answersTo, settings.codecs);
    this.connection = new Connection(connection, this.feed, this.clock, loadLinks);
    const requests = this.requests = new Requests(this, inboxPrefix);
    this.links = new Links(this.feed, this.clock, settings);
    this.#mostBroken = connection.waitOnFirstConnect ? undefined : connection.connectTimeout;
    this.responseLimit = settings.responseLimit;
    this.requestTimeout = requestTimeout;
    this.makeCorrelationId = settings.makeCorrelationId;
    this.inboxPrefix = inboxPrefix;
    this.#service = service;
    this.#discovery = service && new Discovery(this, service);
    this.queue = service && SERVICE_QUEUE;
    const { clock, feed, links } = this;
    const report = (error: Error) => feed.emit({ type: "error", error });
    this.#hooks = new Hooks({ clock, startTimeout: settings.startTimeout, report });
    this.life = new Lifecycle({
      clock,
      connection: this.connection,
      feed,
      links,
      discovery: this.#discovery,
      doors: this.doors,
      hooks: this.#hooks,
    });
    this.feed.listen((event) => {
      requests.notice(event);
      if (event.type === "stopping" || event.type === "closed") this.#tellForgotten();
    });
    if (logger) {
      logEvents(this.feed, logger, connection.name ?? service?.name ?? "signalbox", clock);
    }
  }

  get summary(): { readonly state: BrokerState; readonly inboxPrefix: string } {
    return { state: this.feed.state, inboxPrefix: this.inboxPrefix };
  }

  /** Takes other sockets and another clock from the next connect on; for tests. */
  reroute(socket: SocketSource | undefined, clock: Clock): void {
    this.connection.reroute(socket);
    this.clock.follow(clock);
  }

  get stopping(): () => AbortSignal {
    return this.life.stopping;
  }

  statsOf(subscription: HandledSubscription): EndpointStats | undefined {
    return this.#discovery?.statsOf(subscription);
  }

  /**
   * A subscriber registered after `start()` gets no messages until the program calls its own `start()`; without this
   * check nothing would show that the program forgot the call. The check waits, as a program may register several
   * subscribers and start them one after the other.
   */
  registered(subscriber: Subscription): void {
    if (!this.life.isStarted) return;
    this.#unstarted.add(subscriber);
    if (this.#forgotten !== undefined) return;
    this.#forgotten = this.clock.setTimeout(() => this.#tellForgotten(), FORGOTTEN_AFTER);
    // the timer must not keep an idle program from ending
    this.#forgotten.unref();
  }

  #tellForgotten(): void {
    this.#forgotten?.clear();
    this.#forgotten = undefined;
    const forgotten = [...this.#unstarted].filter(({ wasStarted }) => !wasStarted);
    this.#unstarted.clear();
    for (const { pattern } of forgotten) {
      const error = new Error(
        `The subscriber of "${pattern}" was registered after the broker had started: call its start()`,
      );
      this.feed.emit({ type: "error", error, pattern });
    }
  }

  /** Forgets a subscriber that is no longer registered, once it has `left`. */
  forget(subscription: HandledSubscription, stopped: Promise<void>): void {
    this.#discovery?.forget(subscription);
    this.life.leaving(subscription, stopped);
  }

  /** A name for an inbox of this broker. */
  readonly newInbox = (): string => `${this.inboxPrefix}.${newToken()}`;

  async openInbox(options: InboxOptions | undefined): Promise<Inbox> {
    const settings = inboxSettings(options);
    if (!this.connection.isOpen) throw notConnected("open an inbox");
    return await SubscribedInbox.open(this, this.newInbox(), settings);
  }

  requestMany(
    { sender }: Registry,
    subject: string,
    body: unknown,
    options: RequestManyOptions,
  ): Answers {
    checkSubject("request many", subject);
    const given = requestManySettings(options, this.requestTimeout);
    const settings = { ...given, timeout: timeWithinWork(given.timeout, subject) };
    if (!this.connection.isOpen) throw notConnected(`request "${subject}"`);
    const encode = () => sender.encodeQuestion(subject, body, options, settings.timeout);
    const question = { subject, replyTo: this.newInbox(), encode };
    const answers = new CollectedAnswers(this, question, settings);
    currentWork()?.asks?.(subject, answers.closed);
    return answers;
  }

  requestStream(
    { context }: Registry,
    subject: string,
    body: unknown,
    options: RequestStreamOptions,
  ): ReplyStream {
    const stream = requestStream(context, subject, body, options);
    currentWork()?.asks?.(subject, stream.closed);
    return stream;
  }

  openSession(
    { context }: Registry,
    subject: string,
    opening: unknown,
    options: OpenSessionOptions,
  ): Promise<Session> {
    return openSession(context, subject, opening, options);
  }

  permissions(registry: Registry, options: PermissionsOptions): Permissions {
    const inboxPrefix = this.inboxPrefix;
    const { queue, responseLimit, addresses: { answersTo } } = this;
    const needs = { inboxPrefix, queue, responseLimit, answersTo, service: this.#service };
    const doors = this.doors.all.flatMap((door) => door.needs ?? []);
    return permissionsOf(registry, { ...needs, doors }, permissionsSettings(options));
  }

  /** Connects and subscribes. */
  start(registry: Registry): Promise<void> {
    const most = this.#mostBroken;
    const started = this.life.start(async (cancelled) => {
      await this.#hooks.start(registry.hooks, cancelled);
      const begun = this.#begin(registry, cancelled);
      await (most === undefined ? begun : untilBroken(this.clock, this.feed, begun, most));
      const subscribers = registry.handled.length + registry.readers.length;
      const { server, version } = this.connection.server;
      this.feed.emit({ type: "started", server, version, subscribers });
    });
    return started.then(() => this.#findLate([...registry.handled, ...registry.readers]));
  }

  /** Finds subscribers that were registered during the start, behind those that it has started. */
  #findLate(subscribers: readonly Subscription[]): void {
    for (const each of subscribers) if (!each.wasStarted) this.registered(each);
  }

  /**
   * Emits an `error` event for a failed start; the program may leave the promise un-awaited without ending the process.
   */
  reported(started: Promise<void>): Promise<void> {
    started.catch((error) => {
      const isRefused = error instanceof PermissionError || error instanceof SubscriptionError;
      // the broker reported a refusal when the server sent it
      const isTold = isRefused || error?.reason === "closed";
      if (!isTold && error instanceof Error) this.feed.emit({ type: "error", error });
    });
    return started;
  }

  async #begin(registry: Registry, cancelled: AbortSignal): Promise<void> {
    const { handled, readers } = registry;
    this.#warn([...handled, ...readers]);
    for (const subscription of handled) subscription.open();
    this.#discovery?.listen();
    await Promise.all(readers.map((reader) => reader.start()));
    await this.connection.flush({}, "start the broker");
    for (const subscription of handled) await subscription.ready();
    await this.doors.start(registry.context, cancelled);
  }

  /** Warns once when a subscription overlaps the inbox prefix: it sees the answers of every client with that prefix. */
  #warn(subscribers: readonly Subscription[]): void {
    // a new inbox, which no program can have subscribed to on purpose
    const inbox = this.newInbox();
    const over = subscribers.find(({ served }) =>
      served.some((subject) => overlap(subject, inbox) || overlap(subject, `${inbox}.*`))
    );
    if (!over || this.#isWarned) return;
    this.#isWarned = true;
    const error = new Error(
      `Cannot keep the inboxes private as no subscription must overlap their prefix: ` +
        `"${over.pattern}" sees "${this.inboxPrefix}.>"`,
    );
    this.feed.emit({ type: "error", error });
  }
}

/** By their brokers: programs must not see cores as members. */
const cores = new WeakMap<object, BrokerCore>();

export function setCore(broker: object, core: BrokerCore): void {
  cores.set(broker, core);
}

export function coreOf(broker: object): BrokerCore {
  return cores.get(broker)!;
}
