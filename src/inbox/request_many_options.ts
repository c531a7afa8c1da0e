import { type HeaderFields, headerFields } from "../message/headers.ts";
import type { Message } from "../message/message.ts";
import { type Schema, standardSchema } from "../message/schema.ts";
import { checkOptions, count, limit, line, milliseconds, signal } from "../options.ts";
import { type Sentinel, sentinel } from "./sentinel.ts";

/** What goes with a request to many, and when it has enough. */
export interface RequestManyOptions<Body = unknown> {
  /** Ends after this many answers, those with an error included. @default {Infinity} */
  readonly max?: number;
  /** Ends when no answer followed the last for this many milliseconds; the first may take longer. @default {Infinity} */
  readonly stall?: number;
  /**
   * Ends with the message that says so, which is no answer: an empty one without headers, as ADR-47 ends an answer of many
   * parts (`true`), or the one for which a function gives `true`. A function that throws ends it, and the iteration throws
   * that. Where many answer, the first to say so ends it for all.
   *
   * @default {false}
   */
  readonly sentinel?: boolean | ((message: Message) => boolean);
  /** Milliseconds for all of it, a wait for the connection included. @default {the broker's `requestTimeout`} */
  readonly timeout?: number;
  /** Ends it; the iteration throws its reason. */
  readonly signal?: AbortSignal;
  /** Headers beside ours; one of the same name, in any case, replaces ours. */
  readonly headers?: HeaderFields;
  /** Ties together all messages of one piece of work. @default {a fresh random token} */
  readonly correlationId?: string;
  /** Checks each answer's body and gives it its type; one that does not fit has a `ValidationError` as its `error`. */
  readonly schema?: Schema<Body>;
}

/** When a request to many has enough, with the defaults filled in. */
export interface RequestManySettings {
  readonly max: number;
  readonly stall: number | undefined;
  readonly sentinel: Sentinel;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly schema: Schema | undefined;
}

const RULES = {
  max: limit(count),
  stall: limit(milliseconds),
  sentinel,
  timeout: milliseconds,
  signal,
  headers: headerFields,
  correlationId: line,
  schema: standardSchema,
};

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} naming the first option that is unknown or wrong
 */
export function requestManySettings(
  options: RequestManyOptions | undefined,
  requestTimeout: number,
): RequestManySettings {
  checkOptions("request many", options, RULES);
  const { stall, timeout = requestTimeout, signal, schema } = options ?? {};
  const { max = Infinity, sentinel = false } = options ?? {};
  return { max, stall: stall === Infinity ? undefined : stall, sentinel, timeout, signal, schema };
}
