import type { Clock, Timer } from "../clock.ts";

/** What is kept of the time for telling the callers and closing: a tenth, and no less and no more than this, in milliseconds. */
const LEAST = 50;
const MOST = 1_000;
/** How much of it is for the callers. */
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

  /** The time that was given, in milliseconds. */
  get timeout(): number {
    return this.#timeout;
  }

  /** Resolves when whatever is still at work has had its time. */
  get passed(): Promise<void> {
    return this.#passed.promise;
  }

  /** When that is, by the clock. */
  get workUntil(): number {
    return this.#workUntil;
  }

  /** Milliseconds until all must be over; never so few that the socket could not take what was said. */
  get left(): number {
    return Math.max(LEAST, this.#until - this.#clock.now());
  }

  /** Milliseconds for telling the callers, a middleware of theirs included. */
  get telling(): number {
    return this.left * TELLING_PART;
  }

  /** From now on it takes at most so many milliseconds, if that is sooner. */
  bringForward(timeout: number): void {
    const now = this.#clock.now();
    // nothing could be said without any time at all
    const until = now + Math.max(timeout, 2 * LEAST);
    if (until >= this.#until) return;
    this.#timeout = timeout;
    this.#until = until;
    const kept = Math.min(MOST, Math.max(LEAST, timeout / 10));
    this.#workUntil = now + Math.max(0, timeout - kept);
    this.#timer?.clear();
    this.#timer = this.#clock.setTimeout(() => this.#passed.resolve(), this.#workUntil - now);
  }

  /** It is over. */
  clear(): void {
    this.#timer?.clear();
  }
}
