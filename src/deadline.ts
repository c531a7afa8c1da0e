import type { Clock } from "./clock.ts";
import { TimeoutError } from "./errors.ts";
import { rejection } from "./stack.ts";

/** How long something may take: as long as it likes, or until a time that goes by a clock. */
export type Patience = Endless | Timed;

interface Ends {
  /** What the error tells as the timeout, where that is what is left of it. @default {timeout} */
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
  /** Milliseconds until a `TimeoutError`; without it there is no end. */
  readonly timeout: number | undefined;
}

/**
 * Settles as the promise does, unless time is up or the signal aborts before.
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
    const abort = () => settle(() => reject(signal!.reason));
    const settle = (finish: () => void) => {
      timer?.clear();
      signal?.removeEventListener("abort", abort);
      finish();
    };
    signal?.addEventListener("abort", abort, { once: true });
    promise.then((value) => settle(() => resolve(value)), (error) => settle(() => reject(error)));
  });
}
