import { afterTurn, type Clock, platformClock, type Timer } from "./clock.ts";

/** How long our own loops may run in microtasks before timers and sockets get a turn, in milliseconds. */
const SLICE = 5;

/** Resolves once the event loop has turned; `undefined` while no loop asks for a turn. */
let turn: Promise<void> | undefined;
/** When a loop asked for a turn or the event loop last turned, by the platform's clock, as this measures real work. */
let since = -Infinity;

/** The turn that loops wait for, if any loop waits. */
export function breathing(): Promise<void> | undefined {
  return turn;
}

/**
 * Returns a promise to await if loops have kept the event loop busy for too long. All loops share one turn: with a turn
 * for each, many loops would take their slices one after the other.
 */
export function breath(): Promise<void> | undefined {
  const now = platformClock.now();
  if (now - since < SLICE) return undefined;
  if (turn) return turn;
  since = now;
  turn = new Promise((resolve) => {
    afterTurn(() => {
      turn = undefined;
      since = platformClock.now();
      resolve();
    });
  });
  return undefined;
}

/** Milliseconds between two turns, and those that all who can wait are spread over. */
const STEP = 10;
const SPREAD = 1_000;
/** So many are served in one turn, however few there are. */
const LEAST = 64;

type Act<T> = (one: T) => void;

/**
 * Does one task for each of many links, a few per turn: all in one turn would stop the event loop, and fill the socket with
 * more than it can take. The order is random, as the other ends of the same links do the same at the same time: the end
 * that comes first saves the other the work.
 */
export class Pacer<T> {
  readonly #urgent = new Map<T, Act<T>>();
  readonly #patient = new Map<T, Act<T>>();
  readonly #clock: Clock;
  #perTurn = LEAST;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(one: T): boolean {
    return this.#urgent.has(one) || this.#patient.has(one);
  }

  /** Those who cannot wait go one behind the other, with turns of the event loop between. */
  rush(some: readonly T[], act: Act<T>): void {
    for (const one of some) this.#urgent.set(one, act);
    this.#begin(0);
  }

  /** Those who can wait are spread. */
  spread(some: T[], act: Act<T>): void {
    for (const one of shuffled(some, this.#clock)) this.#patient.set(one, act);
    this.#perTurn = Math.max(LEAST, Math.ceil(this.#patient.size * STEP / SPREAD));
    this.#begin(0);
  }

  /** One that waits cannot wait any more. */
  hasten(one: T): void {
    const act = this.#patient.get(one);
    if (!act) return;
    this.#patient.delete(one);
    this.rush([one], act);
  }

  delete(one: T): void {
    this.#urgent.delete(one);
    this.#patient.delete(one);
    if (this.#isEmpty) this.#rest();
  }

  clear(): void {
    this.#urgent.clear();
    this.#patient.clear();
    this.#rest();
  }

  get #isEmpty(): boolean {
    return this.#urgent.size + this.#patient.size === 0;
  }

  /** A timer that is left would keep a program alive that has ended. */
  #rest(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #begin(wait: number): void {
    if (this.#isEmpty) return;
    this.#timer ??= this.#clock.setTimeout(() => this.#turn(), wait);
  }

  #turn(): void {
    const until = this.#clock.now() + SLICE;
    this.#serve(this.#urgent, Infinity, until);
    this.#serve(this.#patient, this.#perTurn, until);
    this.#rest();
    this.#begin(this.#urgent.size > 0 ? 0 : STEP);
  }

  #serve(waiting: Map<T, Act<T>>, most: number, until: number): void {
    let count = 0;
    for (const [one, act] of waiting) {
      if (count++ >= most || this.#clock.now() >= until) return;
      waiting.delete(one);
      act(one);
    }
  }
}

/** In place. */
function shuffled<T>(some: T[], clock: Clock): T[] {
  for (let at = some.length - 1; at > 0; at--) {
    const other = Math.floor(clock.random() * (at + 1));
    [some[at], some[other]] = [some[other]!, some[at]!];
  }
  return some;
}

/** What is added one by one, and goes out together. */
export interface Batch {
  /** A number that grows with whatever is added. */
  size(): number;
  /** Whether it may wait for more. */
  mayWait(): boolean;
  send(): void;
}

/** Sends a batch once it may not wait any longer, or nothing was added within so many microtasks. */
export function gather(batch: Batch, stillness: number): void {
  let seen = batch.size();
  let still = 0;
  const look = () => {
    const size = batch.size();
    still = size > seen ? 0 : still + 1;
    seen = size;
    if (still < stillness && batch.mayWait()) queueMicrotask(look);
    else batch.send();
  };
  queueMicrotask(look);
}

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
