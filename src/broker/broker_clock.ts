import { type Clock, platformClock, type Timer } from "../clock.ts";

/** The clock of one broker, for all of its life: the platform's, or the one of the test that the broker runs in. */
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

  /** Goes by another clock from now on; what was read before stays in the past. */
  follow(clock: Clock): void {
    // whole milliseconds, so that sums of times stay exact in a time that is moved
    this.#ahead = Math.ceil(this.now() - clock.now());
    this.#clock = clock;
  }
}
