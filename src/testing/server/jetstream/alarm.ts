import type { Clock, Timer } from "../../../clock.ts";

/** A timer that fires once at a wall-clock time, which can be moved in either direction. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: Timer | undefined;
  #at: number | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Fires at `at` only, replacing any earlier setting; `undefined` disarms the alarm. */
  set(at: number | undefined): void {
    if (at === this.#at) return;
    this.stop();
    if (at === undefined) return;
    this.#at = at;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#at = undefined;
      this.#ring();
    }, Math.ceil(Math.max(0, at - this.#clock.wallTime())));
    // a server in memory must not keep a finished program alive
    this.#timer.unref();
  }

  /** Fires at `at` at the latest: an earlier setting stays. */
  bringForward(at: number | undefined): void {
    if (at !== undefined && (this.#at === undefined || at < this.#at)) this.set(at);
  }

  /** Disarms the alarm. */
  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#at = undefined;
  }
}
