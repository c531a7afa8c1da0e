/** How much a key may take. */
export interface TokenRate {
  /** The tokens of a full bucket. */
  readonly limit: number;
  /** Milliseconds in which an empty bucket fills. */
  readonly interval: number;
}

interface Bucket {
  tokens: number;
  /** When there were so many. */
  at: number;
}

/** Sums of fractions may be wrong by this much, in milliseconds: a wait as short as that is none. */
const ROUNDING = 1e-6;

/** A token bucket for each key. A key that nobody knows has a full one, so forgetting a key is always safe. */
export class TokenBuckets {
  readonly #rate: TokenRate;
  readonly #maxKeys: number;
  /** In the order in which they were last asked for. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: TokenRate, maxKeys: number) {
    this.#rate = rate;
    this.#maxKeys = maxKeys;
  }

  /** Takes a token and gives 0, or gives the whole milliseconds until there is one. */
  take(key: string, now: number): number {
    const bucket = this.#touch(key, now);
    const wait = (1 - bucket.tokens) * this.#rate.interval / this.#rate.limit;
    if (wait > ROUNDING) return Math.ceil(wait - ROUNDING);
    bucket.tokens--;
    return 0;
  }

  /** The bucket as it is now, and the last one to be forgotten. */
  #touch(key: string, at: number): Bucket {
    const { limit, interval } = this.#rate;
    const bucket = this.#buckets.get(key) ?? { tokens: limit, at };
    // brokers with clocks of their own may share it, and no time is less than none
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
