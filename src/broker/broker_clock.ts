import { type Clock, platformClock, type Timer } from "../clock.ts";

/** The clock of one broker for its whole life: the platform's clock, or that of the test in which the broker runs. */
export class BrokerClock implements Clock {
  #clock: Clock = platformClock;
  #ahead = 0;

  now(): number {
    return this.#clock.now() + this.#ahead;
  }

  wallTime(): number {
    return this.#clock.wallTime();
  }

  setTimeout(callback: () => void, milliseconds: number): Timer {
    return this.#clock.setTimeout(callback, milliseconds);
  }

  inRealTime(milliseconds: number): Promise<void> {
    return this.#clock.inRealTime(milliseconds);
  }

  random(): number {
    return this.#clock.random();
  }

  /** Follows another clock from now on; times read before stay in the past. */
  follow(clock: Clock): void {
    // whole milliseconds, so that sums of times stay exact when a test moves the time
    this.#ahead = Math.ceil(this.now() - clock.now());
    this.#clock = clock;
  }
}
