import { TokenBuckets } from "../middleware/token_buckets.ts";

const ONE_SECOND = 1_000;

/** So many at a time and so many within a second, and no more. */
export class Places {
  readonly #limit: number;
  readonly #rate: TokenBuckets | undefined;
  #taken = 0;

  constructor(limit: number, rate = Infinity) {
    this.#limit = limit;
    if (rate < Infinity) this.#rate = new TokenBuckets({ limit: rate, interval: ONE_SECOND }, 1);
  }

  /** Takes a place, if there is one; whoever takes it gives it back. */
  enter(): boolean {
    if (this.#taken >= this.#limit) return false;
    this.#taken++;
    return true;
  }

  /** Counts as one of those that come within a second and gives 0, or gives the milliseconds until it may. */
  pass(): number {
    return this.#rate?.take("") ?? 0;
  }

  leave(): void {
    this.#taken--;
  }
}
