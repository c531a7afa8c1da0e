import type { BrokerEvent } from "../connection/events.ts";
import type { Clock } from "../clock.ts";
import type { SocketSource } from "../connection/settings.ts";
import type { Answers } from "../inbox/answers.ts";
import type { Inbox } from "../inbox/inbox.ts";
import type { InboxOptions } from "../inbox/inbox_options.ts";
import type { RequestManyOptions } from "../inbox/request_many_options.ts";
import type { Session } from "../link/session.ts";
import type { OpenSessionOptions } from "../link/session_options.ts";
import type { ReplyStream } from "../link/stream.ts";
import type { RequestStreamOptions } from "../link/stream_options.ts";
import type { Message } from "../message/message.ts";
import { handled } from "../thenable.ts";
import { checkOptions } from "../options.ts";
import type { PublishOptions, RequestOptions } from "../outbound/send_options.ts";
import { type BrokerOptions, brokerSettings } from "./broker_options.ts";
import type { Permissions } from "./permissions.ts";
import type { PermissionsOptions } from "./permissions_options.ts";
import type { Registry } from "./registry.ts";
import { hostOn, NatsRouter } from "./router.ts";
import { untilTold } from "./run.ts";
import { TIMEOUT_RULES, type TimeoutOptions } from "./timeout_options.ts";
import { Wiring } from "./wiring.ts";

/** Leads a broker through other sockets, by another clock, from its next connect on: what no program must see. */
export let reroute: (broker: NatsBroker, socket: SocketSource | undefined, clock: Clock) => void;

/**
 * One connection to NATS, and everything that is done over it.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222", { inboxPrefix: "_CUSTOM_INBOX" });
 * broker.subscriber("greet.{name}", ({ params }) => `Hello, ${params.name}`);
 * await using _test = await TestBroker.start(broker); // in a program: await broker.start()
 *
 * assertEquals((await broker.request("greet.Ada")).body, "Hello, Ada");
 * ```
 */
export class NatsBroker<State extends object = Readonly<Record<string, unknown>>>
  extends NatsRouter<State>
  implements AsyncDisposable {
  readonly #wiring: Wiring;
  readonly #registry: Registry;

  static {
    reroute = (broker, socket, clock) => {
      broker.#wiring.connection.reroute(socket);
      broker.#wiring.clock.follow(clock);
    };
  }

  /**
   * Makes a broker; it never connects by itself.
   *
   * @param servers one URL, several, or several in one text with commas: `nats://`, `tls://`, `ws://`, `wss://`
   * or a bare `host:port`, with or without `user:password@` or `token@`
   * @throws {TypeError} naming the option or the URL that is wrong
   * @throws {InvalidSubjectError} for a prefix with a wildcard, a space, an empty token or a leading `$`
   */
  constructor(
    servers: string | readonly string[] = "nats://127.0.0.1:4222",
    options: BrokerOptions = {},
  ) {
    super();
    this.#wiring = new Wiring(brokerSettings(servers, options));
    this.#registry = hostOn(this as unknown as NatsRouter, this.#wiring);
  }

  /**
   * Connects; the same connection for every call. From then on it comes back by itself, for ever.
   *
   * @throws {ConnectionError} with its reason, at once where a retry cannot help
   */
  connect(): Promise<void> {
    return handled(this.#wiring.life.connect());
  }

  /**
   * Connects and subscribes: once it resolves, a request of anyone finds the handlers.
   *
   * @throws {ConnectionError} if it cannot connect, or if the connection breaks before the server has taken all
   * subscriptions and that takes `connectTimeout` longer (with `waitOnFirstConnect` it waits on)
   * @throws {PermissionError} if a subscription is not permitted
   * @throws {SubscriptionError} if the server refuses one for another reason. It is subscribed again now and then
   */
  start(): Promise<void> {
    return this.#wiring.reported(this.#wiring.start(this.#registry));
  }

  /**
   * Takes in nothing new, lets the handlers at work finish, those of subscribers that were stopped before as well, sends what
   * is on its way and closes. All of that takes at most the timeout, 25 000 ms if none is given, and 100 ms if it is less: a
   * tenth before its end, a second at most, handlers are aborted, and their callers told 503. A session whose program does
   * not ask for `session.draining` is ended without that wait.
   *
   * Called again meanwhile, it is the same stop, within the shorter time; a `start()` or `connect()` follows it. A handler must
   * not await it: once all others are done the broker stops without that handler, and an `error` event tells.
   */
  stop(options: TimeoutOptions = {}): Promise<void> {
    return handled(this.#stop(options));
  }

  async #stop(options: TimeoutOptions): Promise<void> {
    checkOptions("stop the broker", options, TIMEOUT_RULES);
    await this.#wiring.life.stop(this.#registry, options.timeout ?? 25_000);
  }

  /**
   * Starts, and stops at SIGINT (Ctrl-C) or SIGTERM; a second signal ends the program at once, with the code 130 or 143.
   *
   * @throws {ConnectionError} @throws {PermissionError} as {@linkcode start} does
   */
  run(options: TimeoutOptions = {}): Promise<void> {
    return handled(this.#run(options));
  }

  async #run(options: TimeoutOptions): Promise<void> {
    checkOptions("run the broker", options, TIMEOUT_RULES);
    await untilTold(this.#wiring.life, () => this.start(), () => this.stop(options));
  }

  /** What a log shows: neither the servers, which may hold credentials, nor an inbox. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { inboxPrefix, connection: { isOpen, isUp } } = this.#wiring;
    const state = isUp ? "connected" : isOpen ? "reconnecting" : "not connected";
    return `NatsBroker ${inspect({ state, inboxPrefix, ...this.#registry.inventory }, how)}`;
  }

  /** Stops, at the end of an `await using` scope. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Asks the server for a sign of life, and gives the milliseconds it took.
   *
   * @param options `timeout` in milliseconds, 5 000 if none is given
   * @throws {TimeoutError} if none came in time, also as the connection is to come back
   * @throws {ConnectionError} if never connected, or stopped
   */
  ping(options: TimeoutOptions = {}): Promise<number> {
    return handled(this.#ping(options));
  }

  async #ping(options: TimeoutOptions): Promise<number> {
    checkOptions("ping", options, TIMEOUT_RULES);
    const { clock, connection } = this.#wiring;
    const began = clock.now();
    await connection.flush({ clock, timeout: options.timeout ?? 5_000 }, "ping the server");
    return clock.now() - began;
  }

  /**
   * Resolves once the server has everything that was published before, after a reconnect if need be.
   *
   * @throws {TimeoutError} if that takes longer than `timeout` milliseconds; without one it waits for ever
   * @throws {ConnectionError} once, where messages were on their way when the connection broke, and may be lost; with
   * the reason `rejected`, where the server says that something is wrong
   * @throws {PermissionError} @throws {PayloadTooLargeError} once, where the server refused what was published
   */
  flush(options: TimeoutOptions = {}): Promise<void> {
    return handled(this.#flush(options));
  }

  async #flush(options: TimeoutOptions): Promise<void> {
    checkOptions("flush", options, TIMEOUT_RULES);
    const { clock, connection } = this.#wiring;
    await connection.settle({ ...options, clock });
  }

  /**
   * The least that the server must permit this broker's user: its inboxes, what is registered so far, and what `options`
   * add, which is all that the program sends to subjects of its own making.
   *
   * @throws {TypeError} @throws {InvalidSubjectError} for a wrong option
   */
  permissions(options: PermissionsOptions = {}): Permissions {
    return this.#wiring.permissions(this.#registry, options);
  }

  /** What happens to the connection from now on; ends once the broker is stopped, and at once if it is. */
  events(): AsyncIterableIterator<BrokerEvent> {
    return this.#wiring.feed.iterate();
  }

  /**
   * A name for an inbox: the prefix, a dot and 22 characters that nobody can guess. It needs no connection, and
   * nobody listens to it yet; {@linkcode openInbox} does.
   */
  newInbox(): Promise<string> {
    return Promise.resolve(this.#wiring.newInbox());
  }

  /**
   * Opens an inbox: once it resolves, the server has the subscription, and nothing sent to it is missed.
   *
   * @throws {TypeError} naming the option that is wrong @throws {PermissionError} if the server does not permit it
   * @throws {SubscriptionError} if the server refuses it for another reason, such as its `max_subscriptions`
   * @throws {ConnectionError} if the broker is not connected
   */
  openInbox(options?: InboxOptions): Promise<Inbox> {
    return handled(this.#wiring.openInbox(options));
  }

  /**
   * Publishes text as text, bytes as bytes, and all else as JSON. One that fails is an `error` event as well, so nothing is
   * lost without a word where it is not awaited. While disconnected it is held, in order, and
   * sent after the reconnect.
   *
   * @throws {InvalidSubjectError} @throws {TypeError} before anything is sent
   * @throws {EncodeError} if the body is not text, bytes or JSON @throws {PayloadTooLargeError} if it is too large
   * @throws {OutboxFullError} if too much is held already @throws {ConnectionError} if never connected, or stopped
   */
  publish(subject: string, body?: unknown, options?: PublishOptions): Promise<void> {
    return this.#registry.outbound.publish(subject, body, options);
  }

  /**
   * Asks, and resolves with the answer. While disconnected it waits for the connection within its timeout; once
   * that is over, it is never sent.
   *
   * @throws {InvalidSubjectError} @throws {TypeError} before anything is sent
   * @throws {NoRespondersError} at once, if nobody subscribes to the subject
   * @throws {RemoteError} if the answer is an error
   * @throws {TimeoutError} at the deadline
   * @throws {PermissionError} if the server permits neither the question nor the answer
   * @throws {SubscriptionError} if the server refuses the subscription for the answer
   * @throws {ValidationError} if the answer does not fit `schema`
   * @throws the reason of `signal`, if it aborts
   */
  request<Body = unknown>(
    subject: string,
    body?: unknown,
    options?: RequestOptions<Body>,
  ): Promise<Message<Body>> {
    return this.#registry.outbound.request(subject, body, options) as Promise<Message<Body>>;
  }

  /**
   * Asks everyone who subscribes to the subject, and gives their answers as they come; it ends after `max` answers,
   * `stall` milliseconds after the last one, or at its `timeout`, and `ended` says which.
   *
   * @throws {InvalidSubjectError} @throws {TypeError} before anything is sent
   * @throws {ConnectionError} if the broker is not connected
   */
  requestMany<Body = unknown>(
    subject: string,
    body?: unknown,
    options: RequestManyOptions<Body> = {},
  ): Answers<Body> {
    return this.#wiring.requestMany(this.#registry, subject, body, options) as Answers<Body>;
  }

  /**
   * Asks for a streamed reply, and gives its parts as they come; a reader that stops stops the responder.
   *
   * @throws {InvalidSubjectError} @throws {TypeError} before anything is sent
   * @throws {ConnectionError} if the broker is not connected
   */
  requestStream<Body = unknown>(
    subject: string,
    body?: unknown,
    options: RequestStreamOptions<Body> = {},
  ): ReplyStream<Body> {
    return this.#wiring.requestStream(this.#registry, subject, body, options) as ReplyStream<Body>;
  }

  /**
   * Opens a session; resolves once the other side has accepted it.
   *
   * @param opening what it is opened with; the other side finds it in `session.opening`
   * @throws {InvalidSubjectError} @throws {TypeError} before anything is sent
   * @throws {NoRespondersError} at once, if nobody subscribes to the subject
   * @throws {RemoteError} if the other side refuses
   * @throws {TimeoutError} if nobody accepts within `timeout`
   * @throws {LinkError} if whoever answers does not serve sessions
   * @throws {PermissionError} if the server permits neither the opening nor the answer
   * @throws {SubscriptionError} if the server refuses the subscription for the answer
   * @throws the reason of `signal`, if it aborts
   */
  openSession<Incoming = unknown, Outgoing = unknown>(
    subject: string,
    opening?: unknown,
    options: OpenSessionOptions<Incoming, Outgoing> = {},
  ): Promise<Session<Incoming, Outgoing>> {
    const given = options as OpenSessionOptions;
    const session = this.#wiring.openSession(this.#registry, subject, opening, given);
    return handled(session) as Promise<Session<Incoming, Outgoing>>;
  }
}
