import type { Clock } from "../../clock.ts";

/** The time by the server's clock, as its answers tell it: the date here may be wrong. */
export class ServerTime {
  readonly #clock: Clock;
  /** The server's time less that of our clock, which no change of the date here moves. */
  #ahead: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes the `ts` of an answer. */
  note(ts: unknown): void {
    const time = typeof ts === "string" ? Date.parse(ts) : NaN;
    if (Number.isFinite(time)) this.#ahead = time - this.#clock.now();
  }

  /** In milliseconds since 1970; the date here as long as the server has not told its own. */
  get now(): number {
    return this.#ahead === undefined ? this.#clock.wallTime() : this.#clock.now() + this.#ahead;
  }
}
