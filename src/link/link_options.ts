import { asMilliseconds, type Duration } from "../duration.ts";
import type { AnyState } from "../message/message.ts";
import { type HeaderFields, headerFields } from "../message/headers.ts";
import { correlationId } from "../message/work.ts";
import { type Schema, standardSchema } from "../message/schema.ts";
import type { Middleware } from "../middleware/middleware.ts";
import {
  bytes,
  checkOptions,
  count,
  duration,
  limit,
  middlewareList,
  milliseconds,
  record,
  signal,
} from "../options.ts";
import type { Bounds } from "../queue.ts";
import { isToken } from "../subject/subject.ts";

/** How often the server lets us send to one reply address, and for how long, in milliseconds. */
export interface ResponseLimit {
  readonly max: number;
  readonly expires: number;
}

/** How one end of a stream or a session behaves; each end has its own options. */
export interface LinkOptions {
  /**
   * How much may be on its way to this side or wait unread before the other side has to wait.
   *
   * @default {1_024 messages, 1_048_576 bytes}
   */
  readonly window?: Partial<Bounds>;
  /**
   * How much sent data to keep until the other side acknowledges it, regardless of its window: if a peer acknowledges
   * nothing, `send()` waits. A larger body is sent part by part.
   *
   * @default {1_024 messages, 1_048_576 bytes}
   */
  readonly maxUnacknowledged?: Partial<Bounds>;
  /**
   * The largest body to accept, in bytes; a body larger than the server's limit arrives in pieces.
   *
   * @default {67_108_864}
   */
  readonly maxMessage?: number;
  /**
   * The silence after which this side pings the other side.
   *
   * @default {10_000}
   */
  readonly keepAlive?: Duration;
  /**
   * The time that the other side may be unreachable before it counts as gone: long enough for a restart of the
   * server and the reconnect delays of both sides, short enough to notice. With 0 any lost message or short outage ends
   * the link at once.
   *
   * @default {30_000}
   */
  readonly resumeTimeout?: Duration;
  /**
   * The time without a message in either direction after which the link ends with the reason `idle`.
   *
   * @default {Infinity}
   */
  readonly idleTimeout?: Duration;
}

/** The options with their defaults filled in. */
export interface LinkSettings {
  readonly window: Bounds;
  readonly maxUnacknowledged: Bounds;
  readonly maxMessage: number;
  readonly keepAlive: number;
  readonly resumeTimeout: number;
  readonly idleTimeout: number;
}

export const LINK_RULES = {
  window: record,
  maxUnacknowledged: record,
  maxMessage: bytes,
  keepAlive: duration,
  resumeTimeout: milliseconds,
  idleTimeout: limit(duration),
};

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} naming the option of the window that is unknown or wrong
 */
export function linkSettings(action: string, options: LinkOptions): LinkSettings {
  for (const bounds of [options.window, options.maxUnacknowledged]) {
    checkOptions(action, bounds, { messages: count, bytes: count });
  }
  const { maxMessage = 67_108_864 } = options;
  return {
    window: filled(options.window),
    maxUnacknowledged: filled(options.maxUnacknowledged),
    maxMessage,
    keepAlive: asMilliseconds(options.keepAlive ?? 10_000),
    resumeTimeout: asMilliseconds(options.resumeTimeout ?? 30_000),
    idleTimeout: asMilliseconds(options.idleTimeout ?? Infinity),
  };
}

function filled(bounds: LinkOptions["window"]): Bounds {
  return { messages: bounds?.messages ?? 1_024, bytes: bounds?.bytes ?? 1_048_576 };
}

/** What to send with a request for a stream, or with an opening, and how long to wait. */
export interface OpeningOptions<Incoming = unknown> extends LinkOptions {
  /** Additional headers; one that the broker sets too, in any case, replaces the broker's. */
  readonly headers?: HeaderFields;
  /**
   * Ties together all messages of one piece of work: one line of 1 to 256 bytes.
   *
   * @default {a fresh random token}
   */
  readonly correlationId?: string;
  /**
   * The time until the responder must have begun, including a wait for the connection.
   *
   * @default {the broker's `requestTimeout`}
   */
  readonly timeout?: Duration;
  /**
   * The time until the stream must have ended; the request sends this deadline to the responder.
   *
   * @default {Infinity}
   */
  readonly deadline?: Duration;
  /** Cancels the stream with its reason. */
  readonly signal?: AbortSignal;
  /** Checks and types every received body. */
  readonly schema?: Schema<Incoming, unknown>;
}

/** How to request a stream. */
export interface RequestStreamOptions<Part = unknown, Body = unknown> extends OpeningOptions<Part> {
  /** Checks and types the body of the request before it is sent; it is sent as given. */
  readonly sendSchema?: Schema<unknown, Body>;
}

export const OPENING_RULES = {
  ...LINK_RULES,
  headers: headerFields,
  correlationId,
  timeout: milliseconds,
  deadline: limit(milliseconds),
  signal,
  schema: standardSchema,
  sendSchema: standardSchema,
};

/** @throws {TypeError} naming the first option that is unknown or wrong */
export function checkRequestStream(options: RequestStreamOptions | undefined): void {
  checkOptions("request a stream", options, OPENING_RULES);
}

/** How to open a session. */
export interface OpenSessionOptions<Incoming = unknown, Outgoing = unknown, Opening = unknown>
  extends OpeningOptions<Incoming> {
  /** Checks and types the opening value before it is sent; it is sent as given. */
  readonly openingSchema?: Schema<unknown, Opening>;
  /** Checks and types every body before it is sent; it is sent as given. */
  readonly sendSchema?: Schema<unknown, Outgoing>;
}

/** How to serve sessions. */
export interface SessionOptions<
  Incoming = unknown,
  Outgoing = unknown,
  Opening = unknown,
  State = AnyState,
> extends LinkOptions {
  /**
   * The queue group: only one of its members gets each session, and keeps it.
   *
   * @default {undefined: every server of the subject accepts, and the opener takes the first; "q" if the broker is a
   * service}
   */
  readonly queue?: string;
  /** Checks and types the body of the opening; the opener gets a 400 for a body that does not fit. */
  readonly openingSchema?: Schema<Opening, unknown>;
  /** Checks and types every received body. */
  readonly schema?: Schema<Incoming, unknown>;
  /** Checks and types every body before it is sent; it is sent as given. */
  readonly sendSchema?: Schema<unknown, Outgoing>;
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
  /**
   * How many sessions may open within a second; the next opener gets a 429.
   *
   * @default {Infinity}
   */
  readonly openingRate?: number;
}

/** @throws {TypeError} naming the first option that is unknown or wrong */
export function checkOpenSession(options: OpenSessionOptions | undefined): void {
  checkOptions("open a session", options, { ...OPENING_RULES, openingSchema: standardSchema });
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
