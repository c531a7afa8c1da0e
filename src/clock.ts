/**
 * The only module that uses the platform's time, timers and random numbers. Code that waits or reads the time takes a
 * {@linkcode Clock}, so that a test can move the time of one broker without touching the rest of the process.
 *
 * @module
 */

/** The longest wait of a timer, in milliseconds: 24.8 days. A longer wait sets another timer when the first fires. */
export const LONGEST_TIMER = 2_147_483_647;

/** A callback that is scheduled for later. */
export interface Timer {
  /** Cancels the timer; does nothing if it has fired or was cleared before. */
  clear(): void;
  /** From now on the timer does not keep the process alive. */
  unref(): void;
}

/** Time, timers and random numbers of one broker or server. */
export interface Clock {
  /** Milliseconds since some moment in the past; never decreases. For deadlines and for measuring durations. */
  now(): number;
  /** Milliseconds since 1970. May jump in both directions: show it to people, and do not measure a wait by it. */
  wallTime(): number;
  /**
   * Calls back once, after that many milliseconds, {@linkcode LONGEST_TIMER} at most. With 0 it calls back in the next
   * turn of the event loop, even if a test holds the time still.
   */
  setTimeout(callback: () => void, milliseconds: number): Timer;
  /**
   * Resolves after that many milliseconds of real time: for waits that no test can move, such as until a socket is
   * empty.
   */
  inRealTime(milliseconds: number): Promise<void>;
  /** A number from 0 up to 1, to spread out events that would otherwise coincide. Not for secrets. */
  random(): number;
}

/** The real timers: code that waits for a turn of the event loop must go on if a test replaces the global timers. */
const { setTimeout: setRealTimeout, setImmediate, clearImmediate } = globalThis;

/** The clock of the platform: the default of everything that takes a clock. */
export const platformClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  // the platform fires a timer at once if its delay exceeds the longest wait
  setTimeout: (callback, milliseconds) =>
    new PlatformTimer(setTimeout(callback, Math.min(milliseconds, LONGEST_TIMER))),
  inRealTime: realDelay,
  random: () => Math.random(),
};

class PlatformTimer implements Timer {
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(timer: ReturnType<typeof setTimeout>) {
    this.#timer = timer;
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  unref(): void {
    Deno.unrefTimer(this.#timer);
  }
}

/** Calls back in a later turn of the event loop, after timers and sockets have run; no test can delay it. */
export function afterTurn(callback: () => void): void {
  setRealTimeout(callback, 0);
}

/** Calls back in the next turn of the event loop, once all pending microtasks have run. */
export function inNextTurn(callback: () => void): { clear(): void } {
  const immediate = setImmediate(callback);
  return { clear: () => clearImmediate(immediate) };
}

/** Resolves once all pending microtasks have run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void inNextTurn(resolve));
}

/** Resolves after that many milliseconds of real time, even if a test controls the clock. */
export function realDelay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setRealTimeout(resolve, milliseconds));
}

/** Fills the bytes from the system's CSPRNG, for values that nobody may guess. Does not depend on the clock. */
export function fillRandom<Bytes extends Uint8Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>>(
  bytes: Bytes,
): Bytes {
  return crypto.getRandomValues(bytes);
}

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
