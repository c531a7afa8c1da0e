import { jsonSchemaOf } from "../message/schema.ts";
import { checkOptions, type Rule } from "../options.ts";
import { newToken } from "../subject/subject.ts";

/** One subject that a service answers on. */
export interface Endpoint {
  /** Letters, digits, `-` and `_`; two endpoints may have the same. */
  readonly name: string;
  /** The subject of the subscription, including wildcards. */
  readonly subject: string;
  /** Empty if every instance gets every message. */
  readonly queueGroup: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly stats: EndpointStats;
}

const PARAMETER = /^\{(.*)\}$/;
const UNFIT = /[^A-Za-z0-9_-]/g;

/** A valid endpoint name (ADR-32) for a pattern: `"orders-id"` for `"orders.{id}"`. */
export function endpointName(pattern: string): string {
  return pattern.split(".").map(nameOf).join("-");
}

/**
 * The schemas of requests and replies, as JSON Schemas in text: `schema.request` and `schema.reply`. Omits a schema if
 * its library supports no JSON Schema, or has none for this schema.
 */
export function schemaMetadata(
  request: unknown,
  reply: unknown,
): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = {};
  const question = schemaText(request);
  const answer = schemaText(reply);
  if (question !== undefined) metadata["schema.request"] = question;
  if (answer !== undefined) metadata["schema.reply"] = answer;
  return Object.freeze(metadata);
}

function nameOf(token: string): string {
  if (token === "*") return "any";
  if (token === ">") return "all";
  return token.replace(PARAMETER, "$1").replace(UNFIT, "_");
}

function schemaText(schema: unknown): string | undefined {
  try {
    const found = jsonSchemaOf(schema);
    if (!found) return undefined;
    const { $schema: _, ...written } = found;
    return JSON.stringify(written);
  } catch {
    return undefined;
  }
}

/** An error as the caller got it. */
export interface EndpointError {
  /** A number from 400 to 599, with the meaning of HTTP's status codes. */
  readonly code: number;
}

/** The error texts in the public statistics. Only the caller gets the real text of an error. */
const TEXTS: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  409: "Conflict",
  413: "Too large",
  422: "Unprocessable",
  429: "Too many requests",
  500: "Internal error",
  503: "Unavailable",
  504: "Deadline exceeded",
};
const NANOSECONDS = 1_000_000;

/** The statistics of a handler. Recording a message costs two additions. */
export class EndpointStats {
  #requests = 0;
  #errors = 0;
  #milliseconds = 0;
  #lastError: string | undefined;

  /** How many messages the handler has handled, including failures. */
  get requests(): number {
    return this.#requests;
  }

  /** How many messages failed. */
  get errors(): number {
    return this.#errors;
  }

  /** The code of the last error and its meaning, in the form of Go's services: `"404:Not found"`. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** The total time of all messages, in whole nanoseconds. */
  get processingTime(): number {
    return Math.round(this.#milliseconds * NANOSECONDS);
  }

  /** The average time of a message, in whole nanoseconds. */
  get averageProcessingTime(): number {
    return this.#requests === 0 ? 0 : Math.round(this.processingTime / this.#requests);
  }

  /** Counts one message, its time, and its error, if any. */
  record(milliseconds: number, error?: EndpointError): void {
    this.#requests++;
    this.#milliseconds += milliseconds;
    if (error) this.#fail(error);
  }

  /** Resets all counts. */
  reset(): void {
    this.#requests = 0;
    this.#errors = 0;
    this.#milliseconds = 0;
    this.#lastError = undefined;
  }

  #fail({ code }: EndpointError): void {
    this.#errors++;
    this.#lastError = `${code}:${TEXTS[code] ?? (code < 500 ? "Refused" : "Failed")}`;
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
  /**
   * What the service is for, in words.
   *
   * @default {""}
   */
  readonly description?: string;
  /**
   * Further facts about the service; no key may begin with `_nats`.
   *
   * @default {no metadata}
   */
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * The id of this instance: letters, digits, `-` and `_`.
   *
   * @default {a fresh random token}
   */
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
