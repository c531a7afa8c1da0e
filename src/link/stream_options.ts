import { type HeaderFields, headerFields } from "../message/headers.ts";
import { type Schema, standardSchema } from "../message/schema.ts";
import { checkOptions, limit, line, milliseconds, signal } from "../options.ts";
import { LINK_RULES, type LinkOptions } from "./link_options.ts";

/** What goes with a request for a stream. */
export interface RequestStreamOptions<Body = unknown> extends LinkOptions {
  /** Headers beside ours; one of the same name, in any case, replaces ours. */
  readonly headers?: HeaderFields;
  /** Ties together all messages of one piece of work. @default {a fresh random token} */
  readonly correlationId?: string;
  /** Milliseconds until the responder must have begun, a wait for the connection included. @default {the broker's `requestTimeout`} */
  readonly timeout?: number;
  /** Milliseconds until all must be done; the responder is told. @default {Infinity} */
  readonly deadline?: number;
  /** Leaves with its reason. */
  readonly signal?: AbortSignal;
  /** Checks every body that comes, and gives it its type. */
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
