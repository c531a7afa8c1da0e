import type { Clock, Timer } from "../../clock.ts";

/** A heartbeat may be late by this part of its interval. */
const SLACK = 1.05;

/** Notices that the server does not say from time to time that it has nothing to deliver. */
export class Silence {
  readonly #clock: Clock;
  readonly #patience: number;
  readonly #isWaiting: () => boolean;
  readonly #silent: (milliseconds: number) => void;
  #timer: Timer | undefined;
  #heardAt = 0;

  /** Calls `silent` if nothing is heard while `isWaiting`; `interval` is how often something is to be heard. */
  constructor(
    clock: Clock,
    interval: number,
    isWaiting: () => boolean,
    silent: (milliseconds: number) => void,
  ) {
    this.#clock = clock;
    this.#patience = interval * SLACK;
    this.#isWaiting = isWaiting;
    this.#silent = silent;
  }

  /** Something was heard, or the wait begins. */
  heard(): void {
    this.#heardAt = this.#clock.now();
  }

  /** Looks when something should have been heard, or after so many milliseconds. */
  watch(wait?: number): void {
    if (this.#timer && wait === undefined) return;
    this.#timer?.clear();
    this.#timer = this.#clock.setTimeout(() => this.#look(), wait ?? this.#patience);
  }

  clear(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    if (!this.#isWaiting()) return;
    const silent = this.#clock.now() - this.#heardAt;
    // a timer may fire a little early
    if (silent < this.#patience - 1) this.watch(this.#patience - silent);
    else this.#silent(silent);
  }
}
