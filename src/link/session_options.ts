import { type HeaderFields, headerFields } from "../message/headers.ts";
import { type Schema, standardSchema } from "../message/schema.ts";
import type { Middleware } from "../middleware/middleware.ts";
import { checkOptions, count, limit, middlewareList } from "../options.ts";
import { isToken } from "../subject/subject.ts";
import { LINK_RULES, type LinkOptions } from "./link_options.ts";
import { OPENING_RULES, type RequestStreamOptions } from "./stream_options.ts";

/** How to open a session. */
export interface OpenSessionOptions<Incoming = unknown, EncodedMessage = unknown>
  extends RequestStreamOptions<Incoming> {
  /** Checks every body before sending it. */
  readonly sendSchema?: Schema<unknown, EncodedMessage>;
}

/** How to serve sessions. */
export interface SessionOptions<
  Incoming = unknown,
  EncodedMessage = unknown,
  Opening = unknown,
  State = Readonly<Record<string, unknown>>,
> extends LinkOptions {
  /**
   * The queue group: only one of its members gets each session, and keeps it.
   *
   * @default {undefined: every server of the subject accepts, and the opener takes the first; "q" if the broker is a
   * service}
   */
  readonly queue?: string;
  /** Checks and types the body of the opening; the opener gets a 400 for a body that does not fit. */
  readonly openingSchema?: Schema<Opening>;
  /** Checks and types every received body. */
  readonly schema?: Schema<Incoming>;
  /** Checks every body before sending it. */
  readonly sendSchema?: Schema<unknown, EncodedMessage>;
  /** Headers of the acceptance, for the opener. */
  readonly headers?: HeaderFields;
  /** Middleware around the session, inside the middleware of its router and broker. */
  readonly middleware?: readonly Middleware<State>[];
  /**
   * How many sessions may be open or opening here at a time. Beyond that number the broker ends, with error 429, the
   * oldest one whose opener has sent nothing since the opening; if every opener has sent something, the new one gets a
   * 429.
   *
   * @default {1_000}
   */
  readonly maxSessions?: number;
  /** How many sessions may open within a second; the next opener gets a 429. @default {Infinity} */
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
