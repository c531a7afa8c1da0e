import { type HeaderFields, headerFields } from "../message/headers.ts";
import { type Schema, standardSchema } from "../message/schema.ts";
import { checkOptions, limit, line, milliseconds, signal } from "../options.ts";
import { LINK_RULES, type LinkOptions } from "./link_options.ts";

/** What to send with a request for a stream, and how long to wait. */
export interface RequestStreamOptions<Body = unknown> extends LinkOptions {
  /** Additional headers; a header with the name of one of ours, in any case, replaces ours. */
  readonly headers?: HeaderFields;
  /** Ties together all messages of one piece of work. @default {a fresh random token} */
  readonly correlationId?: string;
  /**
   * Milliseconds until the responder must have begun, including a wait for the connection. @default {the broker's
   * `requestTimeout`}
   */
  readonly timeout?: number;
  /**
   * Milliseconds until the stream must have ended; the request sends this deadline to the responder. @default
   * {Infinity}
   */
  readonly deadline?: number;
  /** Cancels the stream with its reason. */
  readonly signal?: AbortSignal;
  /** Checks and types every received body. */
  readonly schema?: Schema<Body>;
}

export const OPENING_RULES = {
  ...LINK_RULES,
  headers: headerFields,
  correlationId: line,
  timeout: milliseconds,
  deadline: limit(milliseconds),
  signal,
  schema: standardSchema,
};

/** @throws {TypeError} naming the first option that is unknown or wrong */
export function checkRequestStream(options: RequestStreamOptions | undefined): void {
  checkOptions("request a stream", options, OPENING_RULES);
}
