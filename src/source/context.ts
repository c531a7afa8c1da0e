import type { Clock } from "../clock.ts";
import { asMilliseconds } from "../duration.ts";
import type { Connection } from "../connection/connection.ts";
import type { EventFeed } from "../events.ts";
import type { LinkContext } from "../link/ends/link_context.ts";
import type { Links } from "../link/links.ts";
import type { ResponseLimit } from "../link/link_options.ts";
import { PermissionError } from "../errors.ts";
import { asError } from "../legible.ts";
import { decodeBody, encodeBody, type EncodedBody } from "../message/body.ts";
import type { Codecs } from "../message/codecs.ts";
import { encodeFields } from "../message/headers.ts";
import type { Message } from "../message/message.ts";
import { NO_BYTES, type RawMessage } from "../message/raw_message.ts";
import type { Middleware } from "../middleware/middleware.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";
import type { Requests } from "../requests/requests.ts";
import type { EndpointStats } from "../service/endpoint.ts";
import type { Sender } from "../sending/sender.ts";
import { newToken } from "../subject/subject.ts";
import type {
  AwaitedMessage,
  BrokerAccess,
  ConnectionChange,
  RawOptions,
  RawRequestOptions,
  RawSubscription,
} from "./source.ts";

/** Where a subscription is registered: a router, which is part of a broker once the subscription starts. */
export interface Scope<Subscription> {
  /** The prefixes of its routers, outermost first. */
  readonly prefix: string;
  /** The broker's clock; `undefined` before its router is part of a broker. */
  readonly clock: Clock | undefined;
  /**
   * What subscriptions work with.
   *
   * @throws {TypeError} before its router is part of a broker
   */
  readonly context: BrokerContext;
  /** The counts of a service's subscription. */
  statsOf(subscription: Subscription): EndpointStats | undefined;
  /** Registers a subscription again that was stopped; a new one is registered already. */
  join(subscription: Subscription): void;
  /** Ends the registration; the broker forgets the subscription once it has `stopped`. */
  leave(subscription: Subscription, stopped: Promise<void>): void;
}

/** The parts of a broker that its subscriptions, sources and doors use. */
export interface BrokerParts extends Omit<LinkContext, "sender"> {
  readonly requests: Requests;
  /** Aborts when the timeout of the broker's stop has passed. */
  readonly stopping: () => AbortSignal;
  /** The queue group of subscribers that name no group. */
  readonly queue: string | undefined;
  /** The program's own way to make correlation ids, if it has one. */
  readonly makeCorrelationId?: (() => string) | undefined;
}

/** What the subscriptions of one router work with, and what sources and doors see a part of. */
export class BrokerContext implements LinkContext, BrokerAccess {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly feed: EventFeed;
  readonly links: Links;
  readonly responseLimit: ResponseLimit | undefined;
  readonly newInbox: () => string;
  readonly addresses: ReplyAddresses;
  readonly stopping: () => AbortSignal;
  readonly queue: string | undefined;
  readonly sender: Sender;
  /** The middleware of broker and routers, outermost first. */
  readonly middleware: readonly Middleware[];
  readonly codecs: Codecs | undefined;
  readonly #requests: Requests;
  /** Milliseconds, for a request or an opening that names none. */
  readonly requestTimeout: number;
  /** Makes ids for messages that come without one; never throws, as such a message must be handled all the same. */
  readonly ownCorrelationId: (() => string) | undefined;

  constructor(parts: BrokerParts, sender: Sender, middleware: readonly Middleware[]) {
    this.clock = parts.clock;
    this.connection = parts.connection;
    this.feed = parts.feed;
    this.links = parts.links;
    this.responseLimit = parts.responseLimit;
    this.newInbox = parts.newInbox;
    this.addresses = parts.addresses;
    this.codecs = parts.addresses.reception.codecs;
    this.stopping = parts.stopping;
    this.queue = parts.queue;
    this.#requests = parts.requests;
    this.requestTimeout = parts.requestTimeout;
    this.sender = sender;
    this.middleware = middleware;
    const make = parts.makeCorrelationId;
    this.ownCorrelationId = make && (() => this.#made(make));
  }

  #made(make: () => string): string {
    try {
      return make();
    } catch (error) {
      this.report(asError(error));
      return newToken();
    }
  }

  encode(body: unknown, fields?: readonly (readonly [string, unknown])[]): EncodedBody {
    const { codecs } = this.addresses.reception;
    return codecs ? codecs.encode(body, fields) : encodeBody(body);
  }

  decode(data: Uint8Array, contentType: string | undefined): unknown {
    const { codecs } = this.addresses.reception;
    return codecs ? codecs.decode(data, contentType) : decodeBody(data, contentType);
  }

  get maxPayload(): number {
    return this.connection.maxPayload;
  }

  publish(
    subject: string,
    data = NO_BYTES,
    { headers, replyTo = "", isRepeated = false }: RawOptions = {},
  ): void {
    const headerBlock = encodeFields(headers);
    this.connection.publish({ subject, replyTo, data, headerBlock, dropOnDisconnect: isRepeated });
  }

  send(message: AwaitedMessage): void {
    this.connection.publish(message);
  }

  takeBack(message: AwaitedMessage): boolean {
    return this.connection.tryCancel(message);
  }

  onRefusal(refused: (error: PermissionError) => void): () => void {
    return this.feed.listen((event) => {
      const isRefusal = event.type === "error" && event.error instanceof PermissionError &&
        event.error.operation === "publish";
      if (isRefusal) refused(event.error as PermissionError);
    });
  }

  request(
    subject: string,
    data = NO_BYTES,
    { headers, timeout = this.requestTimeout, signal }: RawRequestOptions = {},
  ): Promise<Message> {
    const request = { subject, replyTo: "", data, headerBlock: encodeFields(headers) };
    const question = { timeout: asMilliseconds(timeout), signal, schema: undefined };
    return this.#requests.send({ ...request, isAwaited: true }, question);
  }

  subscribe(
    subject: string,
    take: (message: RawMessage) => void,
    { queue, refused = () => {} }: {
      readonly queue?: string;
      readonly refused?: (error: Error) => void;
    } = {},
  ): RawSubscription {
    const sink = {
      retryRefused: true,
      // a plain object, which a source can add to
      take: ({ subject, replyTo, data, headerBlock }: RawMessage) =>
        take({ subject, replyTo, data, headerBlock }),
      refused,
    };
    return this.connection.subscribe(subject, sink, queue);
  }

  suspect(): void {
    this.connection.heartbeat.check();
  }

  flush(): Promise<void> {
    return this.connection.flush({}, "flush");
  }

  serverVersion(): string {
    return this.connection.server.version;
  }

  hasJetStream(): boolean {
    return this.connection.server.jetstream;
  }

  report(error: Error, subject?: string): void {
    this.feed.emit({ type: "error", error, ...subject !== undefined && { subject } });
  }

  onConnection(changed: (state: ConnectionChange) => void): () => void {
    return this.feed.listen((event) => {
      if (event.type === "disconnected") changed("lost");
      else if (event.type === "connected" && event.reconnects > 0) changed("back");
      else if (event.type === "closed") changed("closed");
    });
  }
}
