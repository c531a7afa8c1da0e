import type { Clock } from "../clock.ts";
import type { Connection, ServerSubscription } from "../connection/connection.ts";
import type { EventFeed } from "../events.ts";
import { encodeBody } from "../message/body.ts";
import { encodeHeaders } from "../message/headers.ts";
import { ReceivedMessage } from "../message/message.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { RefusedReplies } from "../replies/refusals.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";
import { newToken } from "../subject/subject.ts";
import {
  answerTo,
  type Endpoint,
  endpointName,
  EndpointStats,
  type ServiceOptions,
  type ServiceSettings,
  serviceSettings,
  subjectsOf,
  type Verb,
  VERBS,
} from "./endpoint.ts";

/** What the headers of an answer take at most, in bytes. */
const MOST_HEADERS = 512;

/** What a service needs of its broker. */
export interface ServiceSurroundings {
  readonly clock: Clock;
  readonly connection: Pick<
    Connection,
    "publish" | "subscribe" | "hasHeaders" | "room" | "maxPayload"
  >;
  readonly feed: Pick<EventFeed, "listen" | "emit">;
  /** Where answers may go. */
  readonly addresses: Pick<ReplyAddresses, "permits">;
}

/**
 * Answers discovery requests on `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS` (ADR-32). If the server does not permit these
 * subjects, the service cannot be found, but works otherwise; the connection emits an `error` event.
 */
export class Service {
  readonly #connection: ServiceSurroundings["connection"];
  readonly #feed: ServiceSurroundings["feed"];
  readonly #addresses: ServiceSurroundings["addresses"];
  readonly #refused: RefusedReplies;
  readonly #settings: ServiceSettings;
  readonly #endpoints: () => readonly Endpoint[];
  readonly #interests = new Map<string, ServerSubscription>();
  /** The subscriptions that the server has refused. */
  readonly #forbidden = new Set<ServerSubscription>();
  /** The answers made in this turn. */
  readonly #answers = new Map<Verb, Uint8Array>();
  /** How many questions got no answer because the socket was behind. */
  #dropped = 0;
  readonly #clock: Clock;
  #started: number;

  /**
   * Makes a service; it cannot be found before {@linkcode listen}, and calls `endpoints` for every answer.
   *
   * @throws {TypeError} naming the option that is missing, unknown or wrong
   */
  constructor(
    { clock, connection, feed, addresses }: ServiceSurroundings,
    options: ServiceOptions,
    endpoints: () => readonly Endpoint[],
  ) {
    this.#connection = connection;
    this.#feed = feed;
    this.#clock = clock;
    this.#started = clock.wallTime();
    this.#addresses = addresses;
    this.#refused = new RefusedReplies(feed, "$SRV.>");
    this.#settings = serviceSettings(options);
    this.#endpoints = endpoints;
    // subscriptions end with the connection, and the next connection needs new ones
    feed.listen(({ type }) => {
      if (type !== "closed") return;
      this.#interests.clear();
      this.#forbidden.clear();
    });
  }

  /** The id of this instance. */
  get id(): string {
    return this.#settings.id;
  }

  /** When the service began to listen, or was reset, as ISO text in UTC. */
  get started(): string {
    return new Date(this.#started).toISOString();
  }

  /**
   * Subscribes to those of the nine subjects that have no subscription yet; the server has them once the connection is
   * flushed. The first call, and the first after {@linkcode leave}, resets the counts.
   *
   * @throws {ConnectionError} if the broker is not connected
   */
  listen(): void {
    if (this.#interests.size === 0) this.reset();
    const { name, id } = this.#settings;
    for (const verb of VERBS) {
      for (const subject of subjectsOf(verb, name, id)) this.#subscribe(subject, verb);
    }
  }

  /** Takes no more questions, and resolves once it has answered those on their way. */
  async drain(): Promise<void> {
    const interests = [...this.#interests.values()];
    this.#interests.clear();
    this.#forbidden.clear();
    await Promise.all(interests.map((interest) => interest.drain()));
  }

  /** Resets all counts, as if the service had just started. */
  reset(): void {
    for (const { stats } of this.#endpoints()) stats.reset();
    this.#started = this.#clock.wallTime();
  }

  #subscribe(subject: string, verb: Verb): void {
    const before = this.#interests.get(subject);
    if (before && !this.#forbidden.delete(before)) return;
    before?.unsubscribe();
    const interest = this.#connection.subscribe(subject, {
      retryRefused: true,
      take: (packet) => this.#answer(verb, packet),
      refused: () => {
        if (this.#interests.get(subject) === interest) this.#forbidden.add(interest);
      },
      restored: () => void this.#forbidden.delete(interest),
    });
    this.#interests.set(subject, interest);
  }

  /**
   * Answers with the question's correlation id, or with a new one: a stranger who has seen an open reply address may
   * request an answer there, and the owner of that address must not take it for the answer to its own question.
   */
  #answer(verb: Verb, question: RawMessage): void {
    const { replyTo } = question;
    if (!replyTo) return;
    if (!this.#addresses.permits(question)) return this.#refused.report(question);
    if (this.#connection.room()) return this.#drop(question);
    const correlationId = new ReceivedMessage(question).correlationId ?? newToken();
    const own = { contentType: undefined, correlationId, timeLeft: undefined };
    const headerBlock = this.#connection.hasHeaders ? encodeHeaders(own, undefined) : undefined;
    const data = this.#made(verb);
    this.#connection.publish({ subject: replyTo, replyTo: "", data, headerBlock, isAwaited: true });
  }

  /** Drops a question while the socket is behind, as answers are many times as long as questions. */
  #drop({ subject }: RawMessage): void {
    this.#feed.emit({ type: "slowConsumer", subject, dropped: ++this.#dropped });
  }

  /**
   * Makes one answer for all questions of a turn, so that a flood costs little: with many endpoints the answer is long.
   */
  #made(verb: Verb): Uint8Array {
    const made = this.#answers.get(verb);
    if (made) return made;
    const settings = this.#settings;
    const facts = { settings, endpoints: this.#endpoints(), started: this.started };
    let { data } = encodeBody(answerTo(verb, facts));
    if (verb === "INFO" && data.length > this.#connection.maxPayload - MOST_HEADERS) {
      // the schemas of many endpoints may be more than a message holds, and would hide the service
      const endpoints = facts.endpoints.map((endpoint) => ({ ...endpoint, metadata: {} }));
      data = encodeBody(answerTo(verb, { ...facts, endpoints })).data;
    }
    if (this.#answers.size === 0) queueMicrotask(() => this.#answers.clear());
    this.#answers.set(verb, data);
    return data;
  }
}

/** ADR-32: the default queue group of endpoints. */
export const SERVICE_QUEUE = "q";

/** What an endpoint is made of. */
export interface EndpointSource {
  readonly pattern: string;
  readonly subject: string;
  readonly queue: string | undefined;
  /** The schemas of requests and replies, as JSON Schemas in text. */
  readonly schemas: Readonly<Record<string, string>>;
}

/** A broker as a service: its subscribers are the endpoints, and each has its own counts. */
export class Discovery {
  readonly #service: Service;
  readonly #endpoints = new Map<EndpointSource, Endpoint>();

  /**
   * Makes a service of a broker.
   *
   * @throws {TypeError} naming the option that is missing, unknown or wrong
   */
  constructor(surroundings: ServiceSurroundings, options: ServiceOptions) {
    this.#service = new Service(surroundings, options, () => [...this.#endpoints.values()]);
  }

  /** The counts of a subscriber. */
  statsOf(subscription: EndpointSource): EndpointStats {
    const known = this.#endpoints.get(subscription);
    if (known) return known.stats;
    const { pattern, subject, queue = SERVICE_QUEUE, schemas } = subscription;
    const endpoint: Endpoint = {
      name: endpointName(pattern),
      subject,
      queueGroup: queue,
      metadata: schemas,
      stats: new EndpointStats(),
    };
    this.#endpoints.set(subscription, endpoint);
    return endpoint.stats;
  }

  /** Drops a subscriber from the list of endpoints. */
  forget(subscription: EndpointSource): void {
    this.#endpoints.delete(subscription);
  }

  /** Makes the service discoverable. */
  listen(): void {
    this.#service.listen();
  }

  /** Ends the discoverability. */
  drain(): Promise<void> {
    return this.#service.drain();
  }
}
