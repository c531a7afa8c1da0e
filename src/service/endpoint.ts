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

/** A Standard JSON Schema (standardschema.dev); many a Standard Schema is one too. */
interface JsonSchemaSource {
  readonly "~standard"?: { readonly jsonSchema?: Readonly<Record<Direction, JsonSchemaWriter>> };
}

type JsonSchemaWriter = (options: { readonly target: string }) => Record<string, unknown>;
type Direction = "input" | "output";

/** The dialects to ask a library for; the first that it supports wins. */
const DIALECTS = ["draft-2020-12", "draft-07"] as const;
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
  const question = jsonSchemaOf(request, "input");
  // the wire carries the schema's input in both directions
  const answer = jsonSchemaOf(reply, "input");
  if (question !== undefined) metadata["schema.request"] = question;
  if (answer !== undefined) metadata["schema.reply"] = answer;
  return Object.freeze(metadata);
}

function nameOf(token: string): string {
  if (token === "*") return "any";
  if (token === ">") return "all";
  return token.replace(PARAMETER, "$1").replace(UNFIT, "_");
}

function jsonSchemaOf(schema: unknown, direction: Direction): string | undefined {
  if (schema === undefined || schema === null) return undefined;
  for (const target of DIALECTS) {
    try {
      const source = (schema as JsonSchemaSource)["~standard"]?.jsonSchema;
      if (!source) return undefined;
      const { $schema: _, ...written } = source[direction]({ target });
      return JSON.stringify(written);
    } catch {
      // a library throws for an unknown dialect, and for a schema that JSON Schema cannot express
    }
  }
  return undefined;
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
