import type { Clock } from "../../clock.ts";

/** How long to wait for an answer: in milliseconds at least and at most, and in round trips. */
const LEAST = 100;
const MOST = 1_000;
const TRIPS = 4;
/** A round trip that asks for so many times the patience shows that the server is slow, and that no consumer is stuck. */
const SLOWER = 1.5;
/** How long a stuck consumer is not asked, in milliseconds. */
const STUCK = 2_000;

/** How long to wait for the answer of a consumer, by how fast its server is; and whether the consumer is stuck. */
export class Patience {
  readonly #clock: Clock;
  #limit = LEAST;
  #stuckUntil = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long to wait for an answer, in milliseconds. */
  get limit(): number {
    return this.#limit;
  }

  /** Whether the consumer has recently failed to answer. */
  get isStuck(): boolean {
    return this.#clock.now() < this.#stuckUntil;
  }

  /** Measures a round trip to the server. */
  async measure(trip: () => Promise<unknown> | undefined): Promise<void> {
    const since = this.#clock.now();
    await trip();
    this.#limit = Math.min(MOST, Math.max(LEAST, TRIPS * (this.#clock.now() - since)));
  }

  /**
   * Judges a consumer that has not answered for so many milliseconds, after a round trip was measured: returns whether it is
   * stuck. If not, the server was slow, and the consumer can be asked again.
   */
  judge(waited: number): boolean {
    if (this.#limit >= SLOWER * waited) return false;
    this.#stuckUntil = this.#clock.now() + STUCK;
    return true;
  }
}
