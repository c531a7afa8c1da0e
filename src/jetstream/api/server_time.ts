import type { Clock } from "../../clock.ts";

/** Estimates the time by the server's clock from its answers, because the date of this machine may be wrong. */
export class ServerTime {
  readonly #clock: Clock;
  /** The server's time less the clock of this process, which does not jump when the date changes. */
  #ahead: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the time from the `ts` of an answer. */
  note(ts: unknown): void {
    const time = typeof ts === "string" ? Date.parse(ts) : NaN;
    if (Number.isFinite(time)) this.#ahead = time - this.#clock.now();
  }

  /** The server's time in milliseconds since 1970; the date of this machine before the first answer. */
  get now(): number {
    return this.#ahead === undefined ? this.#clock.wallTime() : this.#clock.now() + this.#ahead;
  }
}
