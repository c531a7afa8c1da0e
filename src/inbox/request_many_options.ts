import { type HeaderFields, headerFields } from "../message/headers.ts";
import type { Message } from "../message/message.ts";
import { type Schema, standardSchema } from "../message/schema.ts";
import { checkOptions, count, limit, line, milliseconds, signal } from "../options.ts";
import { type Sentinel, sentinel } from "./sentinel.ts";

/** What to send with a request to many, and when to end it. */
export interface RequestManyOptions<Body = unknown> {
  /** Ends after this many answers, including answers with an error. @default {Infinity} */
  readonly max?: number;
  /**
   * Ends when no answer follows the last one for this many milliseconds; the first answer may take longer. @default
   * {Infinity}
   */
  readonly stall?: number;
  /**
   * Ends at a final message, which does not count as an answer: an empty one without headers, as in ADR-47 (`true`), or
   * the one for which a function returns `true`. If the function throws, the request ends, and the iteration throws the
   * same error. With many responders, the first final message ends the request.
   *
   * @default {false}
   */
  readonly sentinel?: boolean | ((message: Message) => boolean);
  /**
   * Milliseconds for the whole request, including a wait for the connection. @default {the broker's `requestTimeout`}
   */
  readonly timeout?: number;
  /** Ends the request when it aborts; the iteration throws its reason. */
  readonly signal?: AbortSignal;
  /** Additional headers; a header with the name of one of ours, in any case, replaces ours. */
  readonly headers?: HeaderFields;
  /** Ties together all messages of one piece of work. @default {a fresh random token} */
  readonly correlationId?: string;
  /** Checks and types each answer's body; an answer that does not fit has a `ValidationError` as its `error`. */
  readonly schema?: Schema<Body>;
}

/** When a request to many ends, with the defaults filled in. */
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
