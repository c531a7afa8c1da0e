import { breathing } from "../../pacing.ts";
import {
  type Clock,
  inNextTurn,
  LONGEST_TIMER,
  platformClock,
  realDelay,
  type Timer,
  turn,
} from "../../clock.ts";
import { DURATION_FORM, millisecondsOf } from "../../duration.ts";
import { describe } from "../../options.ts";
import type { Travel } from "./pipe.ts";

/** After how many idle turns of the event loop everything that a timer caused counts as done. */
const QUIET_TURNS = 3;
/** How many turns to wait at most: a program that never pauses, such as one that polls, must not stop the time. */
const MOST_TURNS = 50_000;
/** How long to wait for something other than timers before the time moves on, in milliseconds. */
const PATIENCE = 250;

/** Times are multiples of this part of a millisecond, so that sums are exact and timers fire exactly when due. */
const GRAIN = 1_024;

/** The clocks of servers with a moved time, for the brokers on them. */
export const movedClocks = new WeakMap<object, MovedClock>();

/**
 * Moves the time of a clock, if the time is moved.
 *
 * @throws {TypeError} if there is none, or for what is no duration
 */
export function advance(clock: MovedClock | undefined, duration: unknown): Promise<void> {
  const refuse = (rule: string, value: string) =>
    Promise.reject(new TypeError(`Cannot advance the time as ${rule}: ${value}`));
  if (!clock) {
    return refuse('the server must be started with { time: "moved" }', "its time is real");
  }
  const milliseconds = millisecondsOf(duration);
  if (milliseconds !== undefined) return clock.advance(milliseconds);
  return refuse(`a duration must be ${DURATION_FORM}`, describe(duration));
}

/**
 * A clock that stands still until a test moves it. Timers of 0 ms fire by themselves, as turns of the event loop go on.
 */
export class MovedClock implements Clock, Travel {
  /** Sorted by due time, and by age if that is the same. */
  readonly #timers: MovedTimer[] = [];
  #now = Math.ceil(platformClock.now());
  #wallOffset = Math.round(platformClock.wallTime()) - this.#now;
  #made = 0;
  /** Counts everything that happens, so that the clock notices when nothing does. */
  #happened = 0;
  /** What must be done before the next timer fires: timers of 0 ms, and messages on their way in memory. */
  #underWay = 0;
  #moving: Promise<void> = Promise.resolve();

  readonly now = (): number => this.#now;

  readonly wallTime = (): number => this.#now + this.#wallOffset;

  readonly random = (): number => platformClock.random();

  readonly setTimeout = (callback: () => void, milliseconds: number): Timer => {
    // as on the platform, NaN is no wait
    const wait = milliseconds > 0 ? Math.ceil(Math.min(milliseconds, LONGEST_TIMER)) : 0;
    if (wait === 0) return this.#nextTurn(callback);
    const timer = new MovedTimer(this.#now + wait, this.#made++, callback, this.#remove);
    this.#timers.splice(this.#placeOf(timer), 0, timer);
    return timer;
  };

  readonly inRealTime = (milliseconds: number): Promise<void> =>
    this.underWay(() => realDelay(milliseconds));

  /** Something is on its way in memory, or has arrived: the next timer waits for its effects. */
  readonly noticed = (): void => {
    this.#happened++;
  };

  /** Runs something that needs a real turn of the event loop; the next timer waits for it. */
  async underWay<T>(run: () => Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await run();
    } finally {
      this.#underWay--;
      this.#happened++;
    }
  }

  /**
   * Moves the time by that many milliseconds. Timers fire in the order of their due times; everything that a timer
   * causes is delivered and handled before the next one fires. A second call moves the time after the first has
   * finished.
   */
  advance(milliseconds: number): Promise<void> {
    return this.#afterwards(async () => {
      await this.#settled();
      const until = this.#now + Math.round(milliseconds * GRAIN) / GRAIN;
      while (this.#timers.length > 0 && this.#timers[0]!.due <= until) await this.#fireNext();
      this.#now = Math.max(this.#now, until);
    });
  }

  /** Moves the time from timer to timer until the promise settles. */
  async runUntilSettled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => void (isSettled = true);
    promise.then(settle, settle);
    // it may wait for something that does not follow this clock, such as a file
    const until = platformClock.now() + PATIENCE;
    while (!isSettled && platformClock.now() < until) await turn();
    while (!isSettled) {
      await this.#afterwards(async () => {
        await this.#settled();
        if (isSettled) return;
        if (this.#timers.length > 0) await this.#fireNext();
        else await realDelay(1);
      });
    }
    return await promise;
  }

  /** The process was suspended: the time has gone on, and all timers that are due fire late, at once. */
  suspend(milliseconds: number): Promise<void> {
    return this.#afterwards(async () => {
      await this.#settled();
      this.#now += Math.round(milliseconds * GRAIN) / GRAIN;
      const due = this.#timers.filter(({ due }) => due <= this.#now);
      for (const timer of due) timer.fire();
      await this.#settled();
    });
  }

  /** The wall clock is set, forward or back; what waits does not notice. */
  setWallTime(milliseconds: number): void {
    this.#wallOffset = milliseconds - this.#now;
  }

  /** one after the other, as two moves at the same time would mix up the order of timers */
  #afterwards(move: () => Promise<void>): Promise<void> {
    const moved = this.#moving.then(move);
    this.#moving = moved.catch(() => {});
    return moved;
  }

  async #fireNext(): Promise<void> {
    const [timer] = this.#timers;
    // a timer that fired late, after the process was suspended, must not turn the time back
    this.#now = Math.max(this.#now, timer!.due);
    timer!.fire();
    await this.#settled();
  }

  /**
   * Resolves once nothing is under way. It does not wait for work outside the event loop's turns, such as reading a
   * file.
   */
  async #settled(): Promise<void> {
    if (!await this.#isBusy()) return;
    for (let [turns, quiet] = [0, 0]; turns < MOST_TURNS && quiet < QUIET_TURNS; turns++) {
      quiet = await this.#isBusy() ? 0 : quiet + 1;
    }
  }

  /** Whether something happened within a turn of the event loop, or is under way. */
  async #isBusy(): Promise<boolean> {
    const seen = this.#happened;
    await breathing();
    await turn();
    return this.#happened !== seen || this.#underWay > 0;
  }

  #nextTurn(callback: () => void): Timer {
    this.#underWay++;
    const next = inNextTurn(() => {
      timer.clear();
      callback();
    });
    const timer = new TurnTimer(() => {
      next.clear();
      this.#underWay--;
      this.#happened++;
    });
    return timer;
  }

  readonly #remove = (timer: MovedTimer): void => {
    this.#timers.splice(this.#placeOf(timer), 1);
  };

  /** Its place in the list, or the place where it belongs. */
  #placeOf({ due, number }: MovedTimer): number {
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#timers[middle]!;
      if (other.due < due || (other.due === due && other.number < number)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

class MovedTimer implements Timer {
  readonly due: number;
  readonly number: number;
  readonly #remove: (timer: MovedTimer) => void;
  readonly #fired = Promise.withResolvers<void>();
  #isOver = false;

  constructor(
    due: number,
    number: number,
    callback: () => void,
    remove: (timer: MovedTimer) => void,
  ) {
    this.due = due;
    this.number = number;
    this.#remove = remove;
    // a promise calls back in the async context that the timer was made in, as the platform's timers do
    void this.#fired.promise.then(callback);
  }

  fire(): void {
    if (this.#isOver) return;
    this.clear();
    this.#fired.resolve();
  }

  clear(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#remove(this);
  }

  unref(): void {}
}

/** Fires in the next turn of the event loop. */
class TurnTimer implements Timer {
  readonly #end: () => void;
  #isOver = false;

  constructor(end: () => void) {
    this.#end = end;
  }

  clear(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end();
  }

  unref(): void {}
}
