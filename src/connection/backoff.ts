/** How long to wait between two attempts to connect again, in milliseconds. */
export interface Backoff {
  /** The longest first delay; it doubles with every attempt. */
  readonly minDelay: number;
  /** Where the doubling ends. */
  readonly maxDelay: number;
}

/**
 * Exponential with full jitter: a thousand clients that lost the same server come back spread out. One delay
 * an attempt, as the client asks for it several times.
 */
export class ReconnectDelay {
  readonly #backoff: Backoff;
  #attempt = 0;
  #delay = 0;

  constructor(backoff: Backoff) {
    this.#backoff = backoff;
  }

  /** The delay before the attempt that comes next. */
  get current(): number {
    return this.#delay;
  }

  /** An attempt begins; gives its number. */
  attempt(): number {
    const { minDelay, maxDelay } = this.#backoff;
    // 2 ** 1024 is Infinity, and a first delay of 0 times that is no number
    const most = Math.min(maxDelay, minDelay * 2 ** Math.min(this.#attempt, 1_000));
    this.#delay = Math.random() * most;
    return ++this.#attempt;
  }

  /** The connection is back. */
  reset(): void {
    this.#attempt = 0;
    this.#delay = 0;
  }
}
