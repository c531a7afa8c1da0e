import { asMilliseconds, type Duration } from "../../duration.ts";
import { checkOptions, describe, milliseconds } from "../../options.ts";

/**
 * A handler throws it to give a message up at once: it becomes a dead letter, and is not tried again.
 *
 * @example
 * ```ts
 * import { Reject } from "@signalbox/nats/jetstream";
 * import { assertEquals } from "@std/assert";
 *
 * const handle = ({ body }: { body: { total?: number } }) => {
 *   if (body.total === undefined) throw new Reject("no total");
 * };
 * try {
 *   handle({ body: {} });
 * } catch (error) {
 *   assertEquals((error as Reject).message, "no total");
 * }
 * ```
 */
export class Reject extends Error {
  static {
    this.prototype.name = "Reject";
  }

  /** Makes one; `why` becomes the error of the dead letter. */
  constructor(why = "The handler rejected it", options?: ErrorOptions) {
    super(why, options);
  }
}

/** When to try again. */
export interface RetryOptions {
  /**
   * How long to wait.
   *
   * @default {what the consumer's `retry.backoff` has for this attempt}
   */
  readonly after?: Duration;
}

/**
 * A handler throws it to have a message again later, without an `error` event. It holds no place until then; it counts as
 * an attempt.
 *
 * @example
 * ```ts
 * import { Retry } from "@signalbox/nats/jetstream";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new Retry({ after: "1h" }).after, 3_600_000);
 * ```
 */
export class Retry extends Error {
  static {
    this.prototype.name = "Retry";
  }
  /** Milliseconds to wait; `undefined` for what the consumer's `retry.backoff` has. */
  readonly after: number | undefined;

  /**
   * Makes one.
   *
   * @throws {TypeError} for an option that is unknown or wrong
   */
  constructor(options: RetryOptions & ErrorOptions = {}) {
    const { cause, ...given } = options;
    super("The handler wants it again", cause === undefined ? undefined : { cause });
    this.after = retryDelay(given);
  }
}

/** The milliseconds that options of a retry say. */
export function retryDelay(options: RetryOptions): number | undefined {
  checkOptions("retry a message", options, { after: milliseconds });
  return asMilliseconds(options.after);
}

/** The text of a rejection; a program may give anything. */
export function rejection(why: unknown): Reject {
  if (why instanceof Error) return new Reject(why.message, { cause: why });
  return new Reject(typeof why === "string" ? why : describe(why));
}

/** How a failed message is tried again. */
export interface RetrySettings {
  /** How often a message is delivered at most. */
  readonly attempts: number;
  /** Milliseconds before the second attempt, the third, and so on; the last one stays. */
  readonly backoff: readonly number[];
  /** How much a delay may differ either way, as a part of it. */
  readonly jitter: number;
  /** The shortest wait that is stored as a schedule, in milliseconds. */
  readonly scheduleFrom: number;
}

/** How long to wait after this attempt, in whole milliseconds. */
export function delayAfter(
  attempt: number,
  { backoff, jitter }: RetrySettings,
  random: () => number,
): number {
  const delay = backoff[Math.min(attempt, backoff.length) - 1] ?? 0;
  return Math.round(jitter === 0 ? delay : delay * (1 + jitter * (random() * 2 - 1)));
}
