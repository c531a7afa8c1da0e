import { delay } from "./delay.ts";
import { PATIENCE } from "./nats_server/until.ts";

/** Gives what a promise gives, or fails once that has taken too long. */
export async function within<T>(
  goal: string,
  promise: PromiseLike<T>,
  timeout = PATIENCE,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`Cannot go on as ${goal} within a time limit: ${timeout} ms`));
  }, timeout);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Begins what goes on beside the test; one that fails before it asks for the outcome must not fail twice. */
export function meanwhile<T>(work: () => Promise<T>): Promise<T> {
  const outcome = work();
  outcome.catch(() => {});
  return outcome;
}

/** Resolves with the reason once a signal aborts, or fails if it does not. */
export function aborted(signal: AbortSignal, timeout?: number): Promise<unknown> {
  const told = Promise.withResolvers<unknown>();
  const tell = () => told.resolve(signal.reason);
  if (signal.aborted) tell();
  else signal.addEventListener("abort", tell, { once: true });
  return within("the signal must abort", told.promise, timeout);
}

/**
 * A number once it is more than 0 and has stayed the same for a while. The looks count and not the time: where the machine
 * lets the process wait, nothing could have changed meanwhile.
 */
export async function steady(read: () => number): Promise<number> {
  const limit = performance.now() + PATIENCE;
  for (let last = read(), looks = 0; performance.now() < limit;) {
    await delay(20);
    if (read() !== last) [last, looks] = [read(), 0];
    else if (last > 0 && ++looks > 12) return last;
  }
  throw new Error(`Cannot go on as a number must stay the same: it is ${read()} by now`);
}
