import type { Clock } from "../clock.ts";

/** How long to wait between two attempts to reconnect, in milliseconds. */
export interface Backoff {
  /** The longest first delay; it doubles with every attempt. */
  readonly minDelay: number;
  /** The upper limit of the delay; after a connection that lasted this long, the delays start anew. */
  readonly maxDelay: number;
}

/** The most dials within a multiple of the longest first delay: ten in ten seconds by default. */
const MOST = 10;
const SPAN = 5;

/**
 * Exponential with full jitter, before the first attempt, too: a thousand clients that lost the same server reconnect
 * spread out. A server that accepts us and hangs up gets no more dials than one that refuses.
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

  /** How many attempts there have been since the last connection. */
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

  /** Notes the time of a dial. */
  dialled(at = this.#clock.now()): void {
    this.#dials.push(at);
    if (this.#dials.length > MOST) this.#dials.shift();
  }

  /** Notes that the connection is open. */
  connected(now = this.#clock.now()): void {
    this.#attempts = 0;
    this.#since = now;
  }

  /** Notes that the connection has ended. */
  lost(now = this.#clock.now()): void {
    if (now - this.#since >= this.#backoff.maxDelay) this.#doublings = 0;
    this.#since = Infinity;
  }
}
