import { type HeaderFields, headerFields, pairsOf } from "../message/headers.ts";
import { type Schema, standardSchema } from "../message/schema.ts";
import { checkOptions, milliseconds } from "../options.ts";

/** How a publisher sends. */
export interface PublisherOptions<Body = unknown, Answer = unknown> {
  /** Checks every body before it is sent. */
  readonly schema?: Schema<unknown, Body>;
  /** Checks the answers to its requests, and gives them their type. */
  readonly replySchema?: Schema<Answer>;
  /** Headers of every message; the headers of a single message take precedence. */
  readonly headers?: HeaderFields;
  /** Milliseconds until a request times out. @default {the broker's `requestTimeout`} */
  readonly timeout?: number;
}

/**
 * Checks every option.
 *
 * @throws {TypeError} naming the first that is unknown or wrong
 */
export function checkPublisher(
  pattern: string,
  options: PublisherOptions,
): void {
  checkOptions(`make a publisher of "${pattern}"`, options, {
    schema: standardSchema,
    replySchema: standardSchema,
    headers: headerFields,
    timeout: milliseconds,
  });
}

/**
 * Merges the publisher's headers with the headers of one message, which replace those of the same name, in any case.
 */
export function mergeHeaders(
  constant: HeaderFields | undefined,
  own: HeaderFields | undefined,
): HeaderFields | undefined {
  if (!constant || !own) return own ?? constant;
  const given = pairsOf(own);
  const names = new Set(given.map(([name]) => name.toLowerCase()));
  return [...pairsOf(constant).filter(([name]) => !names.has(name.toLowerCase())), ...given];
}
