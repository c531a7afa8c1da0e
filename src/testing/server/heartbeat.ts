import type { Clock, Timer } from "../../clock.ts";

/** nats-server pings new clients early, to learn the round-trip time */
const FIRST = 2_000;
const MAX_UNANSWERED = 2;

/** Pings a silent client, and reports one that stays silent. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #ping: () => void;
  readonly #stale: () => void;
  #timer: Timer | undefined;
  #unanswered = 0;
  #heardAt = -Infinity;

  constructor(clock: Clock, interval: number, ping: () => void, stale: () => void) {
    this.#clock = clock;
    this.#interval = interval;
    this.#ping = ping;
    this.#stale = stale;
  }

  /** Begins, or begins again. */
  start(): void {
    this.stop();
    const first = Math.min(this.#interval, FIRST);
    // clients that connected together should not be pinged together
    this.#schedule(first * (1 + this.#clock.random() / 5));
  }

  /** Ends; nothing is called any more. */
  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** The client sent something other than an answer: no ping is needed for a while. */
  heard(): void {
    this.#heardAt = this.#clock.now();
  }

  /** The client answered. */
  answered(): void {
    this.#unanswered = 0;
  }

  #schedule(delay: number): void {
    this.#timer = this.#clock.setTimeout(() => this.#tick(), delay);
    // A server in memory must not keep a finished program alive.
    this.#timer.unref();
  }

  #tick(): void {
    if (this.#clock.now() - this.#heardAt >= this.#interval) {
      if (this.#unanswered === MAX_UNANSWERED) return this.#stale();
      this.#unanswered++;
      this.#ping();
    }
    this.#schedule(this.#interval);
  }
}
