import type { Clock, Timer } from "./clock.ts";
import { TimeoutError } from "./errors.ts";
import { rejection } from "./promises.ts";

/** A late deadline first gives the sockets one turn for every 10 ms that it is late. */
const LATE = 10;
/** The most turns; in each turn a socket is read once. */
const MOST_TURNS = 16;

/** How long something may take: without end, or until a deadline on a clock. */
export type Patience = Endless | Timed;

interface Ends {
  /**
   * The timeout to name in the error, if `timeout` is only what remains of it.
   *
   * @default {timeout}
   */
  readonly given?: number | undefined;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal | undefined;
}

interface Endless extends Ends {
  readonly timeout?: undefined;
  readonly clock?: Clock | undefined;
}

interface Timed extends Ends {
  readonly clock: Clock;
  /** Milliseconds until a `TimeoutError`; `undefined` waits without end. */
  readonly timeout: number | undefined;
}

/**
 * Settles as the promise does, unless the time runs out or the signal aborts first.
 *
 * @throws {TimeoutError} at the deadline
 */
export function within<T>(
  promise: Promise<T>,
  { clock, timeout, given = timeout, signal }: Patience,
  action: string,
  subject?: string,
): Promise<T> {
  if (signal?.aborted) {
    promise.catch(() => {});
    return Promise.reject(signal.reason);
  }
  if (timeout === undefined && !signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const timer = timeout === undefined ? undefined : clock!.setTimeout(() => {
      settle(() => resolve(rejection(new TimeoutError(action, given!, subject))));
    }, timeout);
    const stopListening = signal && onAbort(signal, () => settle(() => reject(signal.reason)));
    const settle = (finish: () => void) => {
      timer?.clear();
      stopListening?.();
      finish();
    };
    promise.then((value) => settle(() => resolve(value)), (error) => settle(() => reject(error)));
  });
}

/**
 * Calls back once, after that many milliseconds; if it is late, it first lets the sockets be read. Otherwise a process that
 * stood still past the deadline would miss an answer that has arrived. Not for timers that must stop work on time.
 */
export function setDeadline(
  clock: Clock,
  callback: () => void,
  milliseconds: number,
): Pick<Timer, "clear"> {
  const due = clock.now() + milliseconds;
  const fireAfter = (turns: number): void => {
    if (turns <= 0) callback();
    else timer = clock.setTimeout(() => fireAfter(turns - 1), 0);
  };
  let timer = clock.setTimeout(() => {
    fireAfter(Math.min(MOST_TURNS, Math.floor((clock.now() - due) / LATE)));
  }, milliseconds);
  return { clear: () => timer.clear() };
}

/** Waits until time is up or the signal aborts. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      timer.clear();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
}

/** Ends the wait for promises that a middleware may never settle. */
export class Passing {
  readonly #waiting = new Set<(error: unknown) => void>();

  /** Settles as the promise does, unless {@linkcode end} rejects it first. */
  until<T>(passed: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      const settle = (finish: () => void) => {
        this.#waiting.delete(reject);
        finish();
      };
      passed.then((value) => settle(() => resolve(value)), (error) => settle(() => reject(error)));
    });
  }

  /** Rejects everything that waits. */
  end(error: () => unknown): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const reject of waiting) reject(error());
  }
}

/** Listens until the signal aborts; returns how to stop listening. */
export function onAbort(signal: AbortSignal, abort: () => void): () => void {
  signal.addEventListener("abort", abort, { once: true });
  return () => signal.removeEventListener("abort", abort);
}
