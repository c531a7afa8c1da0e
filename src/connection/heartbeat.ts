import type { Clock, Timer } from "../clock.ts";
import type { Line } from "../line/line.ts";

/** After how many unanswered pings a server counts as silent. */
const MOST_UNANSWERED = 2;

/** How long an answer may take once the server is suspected of being silent, in milliseconds. */
const PATIENCE = 2_000;

/** Pings the server and reports when it is silent: the client's own heartbeat waits for a socket that may never drain. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #interval: number;
  #timer: Timer | undefined;
  #check: Timer | undefined;
  #line: Pick<Line, "ping"> | undefined;
  #silent: () => void = () => {};

  /** `interval` in milliseconds. */
  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
  }

  /** Starts for a line; calls `silent` once if the server does not answer. */
  start(line: Pick<Line, "ping" | "longestSilence">, silent: () => void): void {
    this.stop();
    this.#line = line;
    this.#silent = silent;
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

  /** Pings now: a server that does not answer soon is silent. */
  check(): void {
    const line = this.#line;
    if (!line || this.#check) return;
    const silent = this.#silent;
    this.#check = this.#clock.setTimeout(() => {
      this.#check = undefined;
      silent();
    }, PATIENCE);
    line.ping().then(() => this.#checked(), () => this.#checked());
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#line = undefined;
    this.#checked();
  }

  #checked(): void {
    this.#check?.clear();
    this.#check = undefined;
  }
}
