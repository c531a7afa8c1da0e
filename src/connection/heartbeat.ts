import type { Clock, Timer } from "../clock.ts";
import type { Line } from "../line/line.ts";

/** After how many unanswered pings a server counts as silent. */
const MOST_UNANSWERED = 2;

/** Pings the server and reports when it is silent: the client's own heartbeat waits for a socket that may never drain. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #interval: number;
  #timer: Timer | undefined;

  /** `interval` in milliseconds. */
  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
  }

  /** Starts for a line; calls `silent` once if the server does not answer. */
  start(line: Pick<Line, "ping" | "longestSilence">, silent: () => void): void {
    this.stop();
    const interval = Math.min(this.#interval, line.longestSilence);
    let unanswered = 0;
    const tick = () => {
      if (unanswered === MOST_UNANSWERED) return silent();
      unanswered++;
      // the line itself reports its end
      line.ping().then(() => unanswered = 0, () => {});
      this.#timer = this.#clock.setTimeout(tick, interval);
    };
    this.#timer = this.#clock.setTimeout(tick, interval);
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }
}
