import type { Clock } from "../clock.ts";

/** How long to wait between two attempts to connect again, in milliseconds. */
export interface Backoff {
  /** The longest first delay; it doubles with every attempt. */
  readonly minDelay: number;
  /** Where the doubling ends; a connection that has lasted as long has the first delay again. */
  readonly maxDelay: number;
}

/** So many dials are the most within so many times the longest first delay: ten in ten seconds by default. */
const MOST = 10;
const SPAN = 5;

/**
 * Exponential with full jitter, before the first attempt, too: a thousand clients that lost the same server come back
 * spread out. A server that lets us in and hangs up gets no more dials than one that refuses.
 */
export class ReconnectDelay {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #first: number;
  /** When the last dials were, by the clock. */
  readonly #dials: number[] = [];
  #attempts = 0;
  #doublings = 0;
  #since = Infinity;

  constructor(clock: Clock, backoff: Backoff) {
    this.#clock = clock;
    this.#backoff = backoff;
    this.#first = Math.min(backoff.minDelay, backoff.maxDelay);
  }

  /** How many attempts there have been since the connection was there. */
  get attempts(): number {
    return this.#attempts;
  }

  /** How long to wait before the next attempt. */
  next(now = this.#clock.now()): number {
    const { minDelay, maxDelay } = this.#backoff;
    // 2 ** 1024 is Infinity, and a first delay of 0 times that is no number
    const most = Math.min(maxDelay, minDelay * 2 ** Math.min(this.#doublings, 1_000));
    this.#attempts++;
    this.#doublings++;
    const [tenth = -Infinity] = this.#dials.length < MOST ? [] : this.#dials;
    return Math.max(this.#clock.random() * most, tenth + SPAN * this.#first - now);
  }

  /** A server is dialled at that time. */
  dialled(at = this.#clock.now()): void {
    this.#dials.push(at);
    if (this.#dials.length > MOST) this.#dials.shift();
  }

  /** The connection is there. */
  connected(now = this.#clock.now()): void {
    this.#attempts = 0;
    this.#since = now;
  }

  /** The connection is gone. */
  lost(now = this.#clock.now()): void {
    if (now - this.#since >= this.#backoff.maxDelay) this.#doublings = 0;
    this.#since = Infinity;
  }
}
