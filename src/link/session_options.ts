import { type HeaderFields, headerFields } from "../message/headers.ts";
import { type Schema, standardSchema } from "../message/schema.ts";
import type { Middleware } from "../middleware/middleware.ts";
import { checkOptions, count, limit, middlewareList } from "../options.ts";
import { isToken } from "../subject/subject.ts";
import { LINK_RULES, type LinkOptions } from "./link_options.ts";
import { OPENING_RULES, type RequestStreamOptions } from "./stream_options.ts";

/** How a session is opened. */
export interface OpenSessionOptions<Incoming = unknown, Outgoing = unknown>
  extends RequestStreamOptions<Incoming> {
  /** Checks every body before it is sent. */
  readonly sendSchema?: Schema<unknown, Outgoing>;
}

/** How sessions are served. */
export interface SessionOptions<
  Incoming = unknown,
  Outgoing = unknown,
  Opening = unknown,
  State = Readonly<Record<string, unknown>>,
> extends LinkOptions {
  /**
   * The queue group: of all its members, one gets a session, and keeps it.
   *
   * @default {undefined: every server of the subject accepts, and the first is taken; "q" where the broker is a service}
   */
  readonly queue?: string;
  /** Checks the body of the opening, and gives it its type; one that does not fit is answered with 400. */
  readonly openingSchema?: Schema<Opening>;
  /** Checks every body that comes in, and gives it its type. */
  readonly schema?: Schema<Incoming>;
  /** Checks every body before it is sent. */
  readonly sendSchema?: Schema<unknown, Outgoing>;
  /** Headers of the acceptance, for whoever opens. */
  readonly headers?: HeaderFields;
  /** What stands around the session, within the middleware of its router and broker. */
  readonly middleware?: readonly Middleware<State>[];
  /**
   * How many may be open here at a time, or be on their way to it. Beyond it the oldest whose opener has not said a word
   * ends with an error of 429, and where all have, the next is answered with 429.
   *
   * @default {1_000}
   */
  readonly maxSessions?: number;
  /** How many may be opened within a second; the next is answered with 429. @default {Infinity} */
  readonly openingRate?: number;
}

/** @throws {TypeError} naming the first option that is unknown or wrong */
export function checkOpenSession(options: OpenSessionOptions | undefined): void {
  checkOptions("open a session", options, { ...OPENING_RULES, sendSchema: standardSchema });
}

/** @throws {TypeError} naming the first option that is unknown or wrong */
export function checkSession(pattern: string, options: SessionOptions): void {
  checkOptions(`serve sessions on "${pattern}"`, options, {
    ...LINK_RULES,
    queue: (value) =>
      isToken(value) ? undefined : "one token without blanks and control characters",
    openingSchema: standardSchema,
    schema: standardSchema,
    sendSchema: standardSchema,
    headers: headerFields,
    middleware: middlewareList,
    maxSessions: count,
    openingRate: limit(count),
  });
}
