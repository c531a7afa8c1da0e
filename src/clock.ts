/**
 * The one place where the platform's time, timers and chance are reached. What waits or reads the time is given a
 * {@linkcode Clock}, so that a test can move the time of one broker, and leave the rest of the process alone.
 *
 * @module
 */

/** The longest wait of a timer, in milliseconds: 24.8 days. What waits longer looks again when it fires. */
export const LONGEST_TIMER = 2_147_483_647;

/** Something that is to be done later. */
export interface Timer {
  /** Takes it back; nothing happens if it has fired, or was cleared before. */
  clear(): void;
  /** From now on it does not keep the process alive. */
  unref(): void;
}

/** Time, timers and chance of one broker or server. */
export interface Clock {
  /** Milliseconds since some moment in the past; it never goes back. For deadlines and for how long something took. */
  now(): number;
  /** Milliseconds since 1970. It may jump in both directions: for what people read, and for nothing that waits. */
  wallTime(): number;
  /**
   * Calls back once, after that many milliseconds, {@linkcode LONGEST_TIMER} at most. With 0 it calls back in the next turn
   * of the event loop, also where the time stands still until a test moves it.
   */
  setTimeout(callback: () => void, milliseconds: number): Timer;
  /** Resolves after that many milliseconds of real time: for what no test moves, such as a socket that is to be empty. */
  inRealTime(milliseconds: number): Promise<void>;
  /** A number from 0 up to 1, to spread what would otherwise happen at once. Never for what must not be guessed. */
  random(): number;
}

/** The real ones: a test that replaces the platform's must not stop what waits for turns of the event loop. */
const { setTimeout: setRealTimeout, setImmediate, clearImmediate } = globalThis;

/** The clock of the platform: the default of everything that takes one. */
export const platformClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  // the platform fires at once where it is asked for more than the longest wait
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

/** Calls back in a later turn of the event loop, after timers and sockets had theirs; no test's time comes in between. */
export function afterTurn(callback: () => void): void {
  setRealTimeout(callback, 0);
}

/** Calls back in the next turn of the event loop, once all that waits for nothing but microtasks is done. */
export function inNextTurn(callback: () => void): { clear(): void } {
  const immediate = setImmediate(callback);
  return { clear: () => clearImmediate(immediate) };
}

/** Resolves once all that waits for nothing but microtasks is done. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void inNextTurn(resolve));
}

/** Resolves after that many milliseconds, whatever a test does to the time. */
export function realDelay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setRealTimeout(resolve, milliseconds));
}

/** Fills the bytes from the system's CSPRNG: for what nobody may guess. No clock moves it. */
export function fillRandom<Bytes extends Uint8Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>>(
  bytes: Bytes,
): Bytes {
  return crypto.getRandomValues(bytes);
}
