import { describe, duration, type Rule, signal } from "../options.ts";
import { type Duration, millisecondsOf } from "../duration.ts";

/** How long a call may take, and what ends it. */
export interface CallLimits {
  /**
   * How long the call may take, outages included.
   *
   * @default {the bucket's `timeout`}
   */
  readonly timeout?: Duration;
  /** Ends the call with its reason. */
  readonly signal?: AbortSignal;
}

/** How to list, or to read on and on. */
export interface ListOptions {
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** How to write. */
export interface WriteOptions {
  /**
   * How long the call may take, outages included; at most as long as the bucket's stream knows what it has stored, two
   * minutes.
   *
   * @default {the bucket's `timeout`}
   */
  readonly timeout?: Duration;
  /** Gives up waiting, with its reason: the value may be stored all the same. */
  readonly signal?: AbortSignal;
}

/** How to put a value. */
export interface PutOptions extends WriteOptions {
  /**
   * How long the value is kept, 1 second at least; needs the bucket's `keyTtl`. In a bucket with a history, the value
   * takes the place of the earlier ones, as one of them would show again after it.
   *
   * @default {without end}
   */
  readonly ttl?: Duration;
}

/** How to remove a value. */
export interface RemoveOptions extends WriteOptions {
  /** Removes it only if this is still the key's last revision. */
  readonly revision?: number;
}

/** How to remove a value and its history. */
export interface PurgeOptions extends RemoveOptions {
  /**
   * How long the marker of the removal is kept, 1 second at least; needs the bucket's `keyTtl`.
   *
   * @default {without end}
   */
  readonly ttl?: Duration;
}

/** The server counts the time of a message in seconds, in milliseconds. */
const SHORTEST = 1_000;

const ttl: Rule = (value) =>
  (millisecondsOf(value) ?? 0) >= SHORTEST ? undefined : 'a duration of "1s" or more';

/** A whole number that a revision can be; `least` is 0 where there may be none. */
export function revisionRule(least: number): Rule {
  return (value) =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? undefined
      : `a whole number of ${least} or more`;
}

/**
 * Checks a revision that must be the last one; 0 stands for none.
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
