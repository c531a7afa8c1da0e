import type { Clock, Timer } from "../clock.ts";
import { within } from "../deadline.ts";
import { asError } from "../legible.ts";

/**
 * A stop reserves a tenth of its time for sending the callers their 503 and closing; these are its least and its most,
 * in milliseconds.
 */
const LEAST = 50;
const MOST = 1_000;
/** The part of that reserve which is for the callers. */
const TELLING_PART = 0.8;

/** The one deadline of a stop; a later `stop()` may bring it forward. */
export class StopDeadline {
  readonly #clock: Clock;
  readonly #passed = Promise.withResolvers<void>();
  #workUntil = Infinity;
  #until = Infinity;
  #timeout = Infinity;
  #timer: Timer | undefined;

  constructor(clock: Clock, timeout: number) {
    this.#clock = clock;
    this.bringForward(timeout);
  }

  /** The timeout, in milliseconds. */
  get timeout(): number {
    return this.#timeout;
  }

  /** Resolves when the time of the running handlers has passed. */
  get passed(): Promise<void> {
    return this.#passed.promise;
  }

  /** When {@linkcode passed} resolves, by the clock. */
  get workUntil(): number {
    return this.#workUntil;
  }

  /** Milliseconds until the stop must end; always enough for the socket to take the last messages. */
  get left(): number {
    return Math.max(LEAST, this.#until - this.#clock.now());
  }

  /** Milliseconds for sending the callers their 503, including the time of the middleware. */
  get telling(): number {
    return this.left * TELLING_PART;
  }

  /** Moves the deadline to `timeout` milliseconds from now, if that is sooner. */
  bringForward(timeout: number): void {
    const now = this.#clock.now();
    // with no time at all, the callers would get no answer
    const until = now + Math.max(timeout, 2 * LEAST);
    if (until >= this.#until) return;
    this.#timeout = timeout;
    this.#until = until;
    const kept = Math.min(MOST, Math.max(LEAST, timeout / 10));
    this.#workUntil = now + Math.max(0, timeout - kept);
    this.#timer?.clear();
    this.#timer = this.#clock.setTimeout(() => this.#passed.resolve(), this.#workUntil - now);
  }

  /** Stops the timers. */
  clear(): void {
    this.#timer?.clear();
  }
}

/** Something that was begun, with how to end it. */
export interface Step {
  /** The name of its end, for the error if the end is too slow. */
  readonly action: string;
  /** Ends it, within so many milliseconds. */
  end(timeout: number): unknown;
}

/** Ends one step after the other, the last one first; a step that fails or is too slow keeps no other from its end. */
export async function endInReverse(
  steps: readonly Step[],
  remaining: () => number,
  { clock, report }: { readonly clock: Clock; readonly report: (error: Error) => void },
): Promise<void> {
  for (const step of steps.toReversed()) {
    const timeout = remaining();
    const ended = Promise.try(() => step.end(timeout));
    await within(ended, { clock, timeout }, step.action).catch((error) =>
      report(asError(error, `Cannot ${step.action} as it threw`))
    );
  }
}
