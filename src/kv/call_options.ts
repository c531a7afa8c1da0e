import { describe, duration, type Rule, signal } from "../options.ts";
import { type Duration, millisecondsOf } from "../duration.ts";

/** The timeout and the abort signal of a call. */
export interface CallLimits {
  /**
   * The timeout of the call, outages included.
   *
   * @default {the bucket's `timeout`}
   */
  readonly timeout?: Duration;
  /** Aborts the call; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options for listing or reading. */
export interface ListOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

/** Options of every write. */
export interface WriteOptions {
  /**
   * The timeout of the call, outages included; at most the duplicate window of the bucket's stream, which is two
   * minutes by default.
   *
   * @default {the bucket's `timeout`}
   */
  readonly timeout?: Duration;
  /** Stops waiting with the signal's reason; the value may still be stored. */
  readonly signal?: AbortSignal;
}

/** Options for putting a value. */
export interface PutOptions extends WriteOptions {
  /**
   * How long the value is kept, at least 1 second; needs the bucket's `keyTtl`. In a bucket with a history, the value
   * replaces the earlier revisions: otherwise one of them would reappear when it expires.
   *
   * @default {without end}
   */
  readonly ttl?: Duration;
}

/** Options for removing a value. */
export interface RemoveOptions extends WriteOptions {
  /** Removes the value only if this is the key's last revision. */
  readonly revision?: number;
}

/** Options for removing a value with its history. */
export interface PurgeOptions extends RemoveOptions {
  /**
   * How long the marker of the removal is kept, at least 1 second; needs the bucket's `keyTtl`.
   *
   * @default {without end}
   */
  readonly ttl?: Duration;
}

/** The server's minimum TTL of a message, in milliseconds. */
const SHORTEST = 1_000;

const ttl: Rule = (value) =>
  (millisecondsOf(value) ?? 0) >= SHORTEST ? undefined : 'a duration of "1s" or more';

/** The rule for a revision: an integer of `least` or more, where 0 means that the key must have no value. */
export function revisionRule(least: number): Rule {
  return (value) =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? undefined
      : `a whole number of ${least} or more`;
}

/**
 * Checks an expected last revision; 0 means that the key must have no value.
 *
 * @throws {TypeError}
 */
export function checkRevision(action: string, revision: unknown): void {
  const wanted = revisionRule(0)(revision);
  if (wanted === undefined) return;
  throw new TypeError(`Cannot ${action} as its revision must be ${wanted}: ${describe(revision)}`);
}

export const CALL_RULES = { timeout: duration, signal };
export const PUT_RULES = { ...CALL_RULES, ttl };
export const REMOVE_RULES = { ...CALL_RULES, revision: revisionRule(1) };
export const PURGE_RULES = { ...REMOVE_RULES, ttl };
