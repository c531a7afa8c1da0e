/** How many tokens a key may take. */
export interface TokenRate {
  /** The tokens of a full bucket. */
  readonly limit: number;
  /** Milliseconds in which an empty bucket fills. */
  readonly interval: number;
}

interface Bucket {
  tokens: number;
  /** When the bucket had so many tokens. */
  at: number;
}

/** The rounding error of sums of fractions, in milliseconds: a wait this short counts as 0. */
const ROUNDING = 1e-6;

/** A token bucket for each key. An unknown key has a full bucket, so forgetting a key never locks anyone out. */
export class RateLimiter {
  readonly #rate: TokenRate;
  readonly #maxKeys: number;
  /** Ordered by last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: TokenRate, maxKeys: number) {
    this.#rate = rate;
    this.#maxKeys = maxKeys;
  }

  /** So many within a second, without keys; `undefined` for as many as come. */
  static perSecond(limit: number): RateLimiter | undefined {
    return limit === Infinity ? undefined : new RateLimiter({ limit, interval: 1_000 }, 1);
  }

  /** Takes a token and returns 0, or returns the milliseconds until a token is there, as a whole number. */
  take(key: string, now: number): number {
    const bucket = this.#touch(key, now);
    const wait = (1 - bucket.tokens) * this.#rate.interval / this.#rate.limit;
    if (wait > ROUNDING) return Math.ceil(wait - ROUNDING);
    bucket.tokens--;
    return 0;
  }

  /** Refills the bucket up to now and moves it to the end, so that it is the last to be forgotten. */
  #touch(key: string, at: number): Bucket {
    const { limit, interval } = this.#rate;
    const bucket = this.#buckets.get(key) ?? { tokens: limit, at };
    // brokers with different clocks may share the buckets, so the time may seem to go back
    const passed = Math.max(0, at - bucket.at);
    bucket.tokens = Math.min(limit, bucket.tokens + passed * limit / interval);
    bucket.at = at;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#maxKeys) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
    return bucket;
  }
}
