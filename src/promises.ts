/** Whether a value must be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

/**
 * Returns a promise that the program may leave un-awaited: a rejection does not end the process. The promise is marked
 * as handled only once it rejects, as the error's stack must lead to the program's `await`, and no stack leads past a
 * promise with two reactions. A rejection calls `failed` with its reason, whether the promise is awaited or not.
 */
export function handled<T>(
  promise: Promise<T>,
  failed: (error: unknown) => void = () => {},
): Promise<T> {
  const given: Promise<T> = promise.then(undefined, (error) => {
    given.catch(() => {});
    failed(error);
    throw error;
  });
  return given;
}

/**
 * Calls `next` with a value: at once, unless the value is a promise. A needless promise for each message would cost as
 * much as a short handler.
 */
export function after(value: unknown, next: (value: unknown) => unknown): unknown {
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value);
}

/** How many microtask turns pass until a promise that was resolved with another promise knows who awaits it. */
const TURNS = 2;

/**
 * Gives an error the current stack. In the continuation of an async function, that stack leads to everyone who awaits
 * it; the stack of an error made in a timer or in the socket's reader would show only the timer or the reader.
 */
export function retraced<T extends Error>(error: T): T {
  Error.captureStackTrace(error, retraced);
  return error;
}

/**
 * A promise that rejects with the error; resolve another promise, `given`, with it, and the error's stack leads to the
 * program's `await`. Costs nothing on success. The program may leave `given` un-awaited: this function marks it as
 * handled, and does so only here, as no stack leads past a promise with two reactions.
 */
export async function rejection(error: Error, given?: Promise<unknown>): Promise<never> {
  for (let turn = 0; turn < TURNS; turn++) await undefined;
  retraced(error);
  given?.catch(() => {});
  throw error;
}

/** Whether a handler gave back parts, one after the other, rather than one reply. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/** Whether a function is written as `async function*`. */
export function isAsyncGenerator(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object AsyncGeneratorFunction]";
}

/** What a sender with nothing to wait for is given, as a promise for each would cost more than the sending. */
export const SENT = Promise.resolve();

/** Has these methods give promises that nobody needs to await: a `write()` that fails must not end the process. */
export function unharmed<Whole extends object>(
  whole: Whole,
  ...names: readonly (keyof Whole)[]
): Whole {
  for (const name of names) {
    const call = whole[name] as (...given: unknown[]) => Promise<unknown>;
    const marked = (...given: unknown[]) => handled(call.apply(whole, given));
    Object.defineProperty(whole, name, { value: marked });
  }
  return whole;
}
