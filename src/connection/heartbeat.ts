import type { Clock, Timer } from "../clock.ts";
import type { Line } from "../line/line.ts";

/** So many questions without an answer, and the server is given up at the next. */
const MOST_UNANSWERED = 2;

/** Asks a server for signs of life, and tells when there are none: the client's own waits for a socket that never drains. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #interval: number;
  #timer: Timer | undefined;

  /** `interval` in milliseconds. */
  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
  }

  /** Begins with a line; `silent` is called once it is given up. */
  start(line: Pick<Line, "probe" | "longestSilence">, silent: () => void): void {
    this.stop();
    const interval = Math.min(this.#interval, line.longestSilence);
    let unanswered = 0;
    const tick = () => {
      if (unanswered === MOST_UNANSWERED) return silent();
      unanswered++;
      // one that has ended is told of by itself
      line.probe().then(() => unanswered = 0, () => {});
      this.#timer = this.#clock.setTimeout(tick, interval);
    };
    this.#timer = this.#clock.setTimeout(tick, interval);
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }
}
