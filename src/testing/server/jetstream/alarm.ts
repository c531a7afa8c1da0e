import type { Clock, Timer } from "../../../clock.ts";

/** Rings once at a time of day that may be put off or brought forward. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: Timer | undefined;
  #at: number | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings then, and at no other time; `undefined` is never. */
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

  /** Rings then at the latest: it may ring before, as it was to. */
  bringForward(at: number | undefined): void {
    if (at !== undefined && (this.#at === undefined || at < this.#at)) this.set(at);
  }

  /** Does not ring. */
  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#at = undefined;
  }
}
