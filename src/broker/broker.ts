import type { BrokerEvent, BrokerState } from "../events.ts";
import type { Inbox, InboxOptions } from "../inbox/inbox.ts";
import type { Session } from "../link/session.ts";
import type { OpenSessionOptions, RequestStreamOptions } from "../link/link_options.ts";
import type { ReplyStream } from "../link/stream.ts";
import type { AnyState, Message } from "../message/message.ts";
import type { TimeoutOptions } from "../options.ts";
import { handled } from "../promises.ts";
import type { Answers, RequestManyOptions } from "../requests/answers.ts";
import type { PublishOptions, RequestOptions } from "../sending/send_options.ts";
import { type BrokerOptions, brokerSettings } from "./broker_options.ts";
import { type BrokerDescription, describeBroker } from "./description.ts";
import type { Permissions, PermissionsOptions } from "./permissions.ts";
import { Registry, setRegistry } from "./registry.ts";
import { NatsRouter } from "./router.ts";
import { BrokerCore, setCore } from "./broker_core.ts";
import { type BrokerStats, statsOf } from "./stats.ts";
import { flush, ping, run, stop } from "./timed_calls.ts";

/**
 * One connection to NATS and everything a program does over it.
 *
 * As a {@linkcode NatsRouter} it also has {@linkcode NatsRouter.prototype.subscriber | subscriber()} and
 * {@linkcode NatsRouter.prototype.session | session()} for handlers,
 * {@linkcode NatsRouter.prototype.publisher | publisher()}, {@linkcode NatsRouter.prototype.use | use()} for
 * middleware, {@linkcode NatsRouter.prototype.include | include()} for routers, and
 * {@linkcode NatsRouter.prototype.onStart | onStart()} and {@linkcode NatsRouter.prototype.onStop | onStop()}.
 */
export class NatsBroker<State extends object = AnyState> extends NatsRouter<State>
  implements AsyncDisposable {
  readonly #core: BrokerCore;
  readonly #registry: Registry;

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
    setCore(this, this.#core = new BrokerCore(brokerSettings(servers, options)));
    setRegistry(this, this.#registry = new Registry(this.#core));
  }

  /**
   * Connects; every call shares one connection. From then on the broker reconnects without limit. {@linkcode
   * BrokerState} has an example.
   *
   * @throws {ConnectionError} with its reason, at once if a retry cannot help
   */
  connect(): Promise<void> {
    return handled(this.#core.life.connect());
  }

  /**
   * Connects and subscribes: once it resolves, every client's requests reach the handlers. {@linkcode BrokerState} has
   * an example.
   *
   * @throws {ConnectionError} if it cannot connect, or the connection breaks and the server has not accepted all
   * subscriptions `connectTimeout` later (with `waitOnFirstConnect` it waits on)
   * @throws {PermissionError} if a subscription is not permitted
   * @throws {SubscriptionError} if the server refuses one for another reason; the broker retries that subscription from
   * time to time
   * @throws {TimeoutError} if what `onStart` registered takes longer than `startTimeout`
   * @throws what such a function throws
   */
  start(): Promise<void> {
    return this.#core.reported(this.#core.start(this.#registry));
  }

  /**
   * Accepts no new messages, lets all running handlers finish, sends what is still queued and closes. All of this takes
   * at most the timeout: 25 000 ms by default, 100 ms at least. When a tenth of the timeout is left, or one second if
   * that is less, the broker aborts the handlers, and their callers get a 503. A session whose program does not read
   * `session.draining` ends without that wait.
   *
   * A second call joins the running stop, and the shorter timeout applies; a `start()` or `connect()` waits for the
   * stop to end. A handler must not await `stop()`: once all other handlers are done, the broker stops without waiting
   * for that handler and emits an `error` event. {@linkcode TimeoutOptions} has an example.
   */
  stop(options: TimeoutOptions = {}): Promise<void> {
    return handled(stop(this.#core, this.#registry, options));
  }

  /**
   * Starts, and stops at SIGINT (Ctrl-C) or SIGTERM; a second signal ends the program with exit code 130 or 143.
   * {@linkcode TimeoutOptions} has an example.
   *
   * @throws what {@linkcode start} throws
   */
  run(options: TimeoutOptions = {}): Promise<void> {
    return handled(run(this.#core, this, options));
  }

  /** Stops, at the end of an `await using` scope. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Pings the server, and resolves with the round trip in milliseconds. {@linkcode TimeoutOptions} has an example.
   *
   * @param options `timeout`: 5 000 ms if none is given
   * @throws {TimeoutError} if the server does not answer in time, or the broker does not reconnect in time
   * @throws {ConnectionError} if the broker has never connected, or is stopped
   */
  ping(options: TimeoutOptions = {}): Promise<number> {
    return handled(ping(this.#core, options));
  }

  /**
   * Resolves once the server has received everything published before, after a reconnect if necessary. {@linkcode
   * TimeoutOptions} has an example.
   *
   * @throws {TimeoutError} if that takes longer than `timeout`; without a timeout it waits without end
   * @throws {ConnectionError} once, if the connection broke with unconfirmed messages, which may be lost; with the
   * reason `rejected`, if the server reported an error
   * @throws {PermissionError} once, if the server refused a published message
   * @throws {PayloadTooLargeError} once, if the server refused one for its size
   */
  flush(options: TimeoutOptions = {}): Promise<void> {
    return handled(flush(this.#core, options));
  }

  /**
   * The least that the server must permit this broker's user: its inboxes, the subscribers and publishers registered so
   * far, and what `options` add. List in `options` all other subjects that the program sends to. {@linkcode
   * Permissions} has an example.
   *
   * @throws {TypeError} for a wrong option
   * @throws {InvalidSubjectError} for a wrong subject in an option
   */
  permissions(options: PermissionsOptions = {}): Permissions {
    return this.#core.permissions(this.#registry, options);
  }

  /** What the broker does now; it changes before the event that reports the change. */
  get state(): BrokerState {
    return this.#core.feed.state;
  }

  /**
   * What the broker consists of and what it counted so far, as plain data with the schemas as JSON Schemas. A door or a
   * schema that cannot be described is left out, and is an `error` event. {@linkcode BrokerDescription} has an example.
   */
  describe(): BrokerDescription {
    return describeBroker(this.#core, this.#registry);
  }

  /**
   * What the broker counted so far, as plain data. A door whose counts cannot be read is left out, and is an `error`
   * event. {@linkcode BrokerStats} has an example.
   */
  stats(): BrokerStats {
    return statsOf(this.#core, this.#registry);
  }

  /**
   * The broker's events from now on; ends once the broker is stopped. {@linkcode BrokerEvent} has an example.
   */
  events(): AsyncIterableIterator<BrokerEvent> {
    return this.#core.feed.iterate();
  }

  /** A new name for an inbox, without a subscription: the prefix, a dot and 22 characters that nobody can guess. */
  newInbox(): Promise<string> {
    return Promise.resolve(this.#core.newInbox());
  }

  /**
   * Opens an inbox: once it resolves, the server has the subscription, and the inbox gets every message. {@linkcode
   * Inbox} has an example.
   *
   * @throws {TypeError} naming the option that is wrong
   * @throws {PermissionError} if the server does not permit it
   * @throws {SubscriptionError} if the server refuses it for another reason, such as its `max_subscriptions`
   * @throws {ConnectionError} if the broker is not connected
   */
  openInbox<Body = unknown>(options?: InboxOptions<Body>): Promise<Inbox<Body>> {
    return handled(this.#core.openInbox(options)) as Promise<Inbox<Body>>;
  }

  /**
   * Publishes text as text, bytes as bytes, and everything else as JSON. A failure also emits an `error` event, so a
   * program sees it without awaiting this call. While disconnected the broker holds messages, in order, and sends them
   * after the reconnect. {@linkcode PublishOptions} has an example.
   *
   * @throws {InvalidSubjectError} for a wrong subject
   * @throws {TypeError} for a wrong option
   * @throws {EncodeError} if the body is not text, bytes or JSON
   * @throws {PayloadTooLargeError} if the message is too large
   * @throws {OutboxFullError} if the outbox is full
   * @throws {ConnectionError} if never connected, or stopped
   * @throws {ValidationError} if the body does not fit `schema`
   */
  publish<Body = unknown>(
    subject: string,
    body?: NoInfer<Body>,
    options?: PublishOptions<Body>,
  ): Promise<void> {
    return this.#registry.sender.publish(subject, body, options);
  }

  /**
   * Sends a request and resolves with the answer. While disconnected it waits for the connection within its timeout; a
   * request that timed out is never sent later.
   *
   * @example
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { TestBroker } from "@signalbox/nats/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const broker = new NatsBroker("nats://127.0.0.1:4222");
   * broker.subscriber("greet.{name}", ({ params }) => `Hello, ${params.name}`);
   * await using _test = await TestBroker.start(broker); // in a program: await broker.start()
   * assertEquals((await broker.request("greet.Ada", null, { timeout: "2s" })).body, "Hello, Ada");
   * ```
   *
   * @throws {InvalidSubjectError} for a wrong subject
   * @throws {TypeError} for a wrong option
   * @throws {NoRespondersError} at once, if nobody subscribes to the subject
   * @throws {RemoteError} if the answer is an error
   * @throws {TimeoutError} at the deadline
   * @throws {PermissionError} if the server does not permit the request or the subscription for the answer
   * @throws {SubscriptionError} if the server refuses the subscription for the answer
   * @throws {ValidationError} if the body does not fit `sendSchema`, or the answer `schema`
   * @throws the reason of `signal`, if it aborts
   */
  request<Answer = unknown, Body = unknown>(
    subject: string,
    body?: NoInfer<Body>,
    options?: RequestOptions<Answer, Body>,
  ): Promise<Message<Answer>> {
    return this.#registry.sender.request(subject, body, options) as Promise<Message<Answer>>;
  }

  /**
   * Sends a request to every subscriber of the subject and yields their answers as they arrive; ends after `max`
   * answers, `stall` milliseconds after the last answer, or at `timeout`, and `closed` says which. {@linkcode Answers}
   * has an example.
   *
   * @throws {InvalidSubjectError} for a wrong subject
   * @throws {TypeError} for a wrong option
   * @throws {ConnectionError} if the broker is not connected
   */
  requestMany<Answer = unknown, Body = unknown>(
    subject: string,
    body?: NoInfer<Body>,
    options: RequestManyOptions<Answer, Body> = {},
  ): Answers<Answer> {
    return this.#core.requestMany(this.#registry, subject, body, options) as Answers<Answer>;
  }

  /**
   * Requests a streamed reply and yields its parts as they arrive; when the reader stops, the responder stops too.
   * {@linkcode ReplyStream} has examples.
   *
   * @throws {InvalidSubjectError} for a wrong subject
   * @throws {TypeError} for a wrong option
   * @throws {ConnectionError} if the broker is not connected
   */
  requestStream<Part = unknown, Body = unknown>(
    subject: string,
    body?: NoInfer<Body>,
    options: RequestStreamOptions<Part, Body> = {},
  ): ReplyStream<Part> {
    return this.#core.requestStream(this.#registry, subject, body, options) as ReplyStream<Part>;
  }

  /**
   * Opens a session; resolves once the other side has accepted it. {@linkcode Session} has an example.
   *
   * @param opening the opening value; the other side reads it as `session.opening`
   * @throws {InvalidSubjectError} for a wrong subject
   * @throws {TypeError} for a wrong option
   * @throws {NoRespondersError} at once, if nobody subscribes to the subject
   * @throws {RemoteError} if the other side refuses
   * @throws {TimeoutError} if nobody accepts within `timeout`
   * @throws {LinkError} if the responder does not serve sessions
   * @throws {PermissionError} if the server does not permit the opening or the subscription for the answer
   * @throws {SubscriptionError} if the server refuses the subscription for the answer
   * @throws the reason of `signal`, if it aborts
   */
  openSession<Incoming = unknown, Outgoing = unknown, Opening = unknown>(
    subject: string,
    opening?: NoInfer<Opening>,
    options: OpenSessionOptions<Incoming, Outgoing, Opening> = {},
  ): Promise<Session<Incoming, Outgoing>> {
    const given = options as OpenSessionOptions;
    const session = this.#core.openSession(this.#registry, subject, opening, given);
    return handled(session) as Promise<Session<Incoming, Outgoing>>;
  }
}
