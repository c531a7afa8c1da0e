import type { Clock } from "../clock.ts";
import type { Connection, ServerSubscription } from "../connection/connection.ts";
import type { EventFeed } from "../events.ts";
import { encodeBody } from "../message/codec.ts";
import { encodeHeaders } from "../message/headers.ts";
import { ReceivedMessage } from "../message/message.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { checkOptions, type Rule } from "../options.ts";
import { RefusedReplies } from "../replies/refused_replies.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";
import { newToken } from "../subject/subject.ts";
import type { Endpoint } from "./endpoint.ts";

/** What a service needs of its broker. */
export interface ServiceSurroundings {
  readonly clock: Clock;
  readonly connection: Pick<Connection, "publish" | "subscribe" | "hasHeaders" | "room">;
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
  async leave(): Promise<void> {
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
    const { data } = encodeBody(answerTo(verb, facts));
    if (this.#answers.size === 0) queueMicrotask(() => this.#answers.clear());
    this.#answers.set(verb, data);
    return data;
  }
}

/** The questions that a service answers. */
export type Verb = "PING" | "INFO" | "STATS";

/** All verbs. */
export const VERBS: readonly Verb[] = ["PING", "INFO", "STATS"];

/** The subjects of a verb: for all services, for the services of this name, and for this instance. */
export function subjectsOf(verb: Verb, name: string, id: string): string[] {
  return ["", `.${name}`, `.${name}.${id}`].map((whom) => `$SRV.${verb}${whom}`);
}

/** The facts that the answers contain. */
export interface Facts {
  readonly settings: ServiceSettings;
  readonly endpoints: readonly Endpoint[];
  /** When the service began to listen, as ISO text in UTC. */
  readonly started: string;
}

/** The answer to a verb, with exactly the fields of ADR-32. */
export function answerTo(verb: Verb, facts: Facts): Readonly<Record<string, unknown>> {
  if (verb === "PING") return identity("ping", facts);
  if (verb === "INFO") {
    const { description } = facts.settings;
    return { ...identity("info", facts), description, endpoints: facts.endpoints.map(infoOf) };
  }
  const { started } = facts;
  return { ...identity("stats", facts), started, endpoints: facts.endpoints.map(statsOf) };
}

function identity(kind: string, { settings }: Facts): Readonly<Record<string, unknown>> {
  const { name, id, version, metadata } = settings;
  return { type: `io.nats.micro.v1.${kind}_response`, name, id, version, metadata };
}

function infoOf({ name, subject, queueGroup, metadata }: Endpoint): Record<string, unknown> {
  return { name, subject, queue_group: queueGroup, metadata };
}

/**
 * An endpoint's statistics; whole numbers, or Go's clients could not read them, and no `last_error` without an error.
 */
function statsOf({ name, subject, queueGroup, stats }: Endpoint): Record<string, unknown> {
  return {
    name,
    subject,
    queue_group: queueGroup,
    num_requests: stats.requests,
    num_errors: stats.errors,
    last_error: stats.lastError,
    processing_time: stats.processingTime,
    average_processing_time: stats.averageProcessingTime,
  };
}

/** How a broker describes itself to service discovery (ADR-32), such as `nats micro ls`. */
export interface ServiceOptions {
  /** The kind of the service, the same for all its instances: letters, digits, `-` and `_`. */
  readonly name: string;
  /** The version of the service, as semver.org defines it: `"1.4.0"`. */
  readonly version: string;
  /** What the service is for, in words. @default {""} */
  readonly description?: string;
  /** Further facts about the service; no key may begin with `_nats`. @default {{}} */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The id of this instance: letters, digits, `-` and `_`. @default {a fresh random token} */
  readonly id?: string;
}

/** The options, checked and with their defaults filled in. */
export type ServiceSettings = Required<ServiceOptions>;

const ACTION = "make a service";
const NAME = /^[A-Za-z0-9_-]{1,255}$/;
/** The pattern that semver.org suggests. */
const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;

const name: Rule = (value) =>
  typeof value === "string" && NAME.test(value)
    ? undefined
    : `1 to 255 letters, digits, "-" and "_"`;
const version: Rule = (value) =>
  typeof value === "string" && VERSION.test(value) ? undefined : `a version such as "1.4.0"`;
const text: Rule = (value) => typeof value === "string" ? undefined : "text";
const metadata: Rule = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : "an object";

const RULES = { name, version, description: text, metadata, id: name };

/**
 * Checks every option, fills in the defaults and copies them, so that later changes do not reach the service.
 *
 * @throws {TypeError} naming the first option that is missing, unknown or wrong
 */
export function serviceSettings(options: ServiceOptions): ServiceSettings {
  checkOptions(ACTION, options ?? null, RULES);
  checkThere("name", options.name);
  checkThere("version", options.version);
  const { description = "", metadata = {}, id = newToken() } = options;
  for (const [key, value] of Object.entries(metadata)) checkMetadata(key, value);
  return { ...options, description, metadata: Object.freeze({ ...metadata }), id };
}

/** Checks the required options, as the check of the others skips missing ones. */
function checkThere(key: "name" | "version", value: unknown): void {
  if (value !== undefined) return;
  throw new TypeError(`Cannot ${ACTION} as "${key}" must be ${RULES[key](value)}: undefined`);
}

function checkMetadata(key: string, value: unknown): void {
  if (key.startsWith("_nats")) {
    throw new TypeError(
      `Cannot ${ACTION} as a key of "metadata" must not begin with "_nats": "${key}"`,
    );
  }
  if (typeof value === "string") return;
  throw new TypeError(`Cannot ${ACTION} as "metadata.${key}" must be text: ${typeof value}`);
}
