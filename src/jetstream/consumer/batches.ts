import type { Clock, Timer } from "../../clock.ts";
import { rejection, Retry, type RetryOptions } from "./outcomes.ts";
import type { Held, StoredDelivery } from "./stored_delivery.ts";

/** What a message of a batch has besides its delivery. */
export interface BatchVerdicts {
  /** Has this message become a dead letter, whatever becomes of the others. */
  reject(why?: unknown): void;
  /** Has this message tried again, whatever becomes of the others. */
  retry(options?: RetryOptions): void;
}

/** Gathers messages to lists: so many at most, and none waits longer than so many milliseconds for others. */
export class Batches {
  readonly #clock: Clock;
  readonly #limits: { readonly max: number; readonly within: number };
  readonly #go: (batch: readonly Held[]) => void;
  #batch: Held[] = [];
  #timer: Timer | undefined;

  constructor(
    clock: Clock,
    limits: { readonly max: number; readonly within: number },
    go: (batch: readonly Held[]) => void,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#go = go;
  }

  /** How many wait for others. */
  get waiting(): number {
    return this.#batch.length;
  }

  add(held: Held): void {
    this.#batch.push(held);
    if (this.#batch.length >= this.#limits.max) return this.#hand();
    this.#timer ??= this.#clock.setTimeout(() => this.#hand(), this.#limits.within);
  }

  /** Gives those that wait; they are in no list then. */
  clear(): Held[] {
    this.#timer?.clear();
    this.#timer = undefined;
    return this.#batch.splice(0);
  }

  #hand(): void {
    const batch = this.clear();
    if (batch.length > 0) this.#go(batch);
  }
}

/** What a message of a batch gets besides. */
export class InBatch implements BatchVerdicts {
  readonly delivery: StoredDelivery;
  readonly reject: (why?: unknown) => void;
  readonly retry: (options?: RetryOptions) => void;

  /** Functions, so that a program can pass them on. */
  constructor(held: Held) {
    this.delivery = held.told;
    this.reject = (why) => void (held.verdict = rejection(why));
    this.retry = (options = {}) => void (held.verdict = new Retry({ ...options }));
  }
}
