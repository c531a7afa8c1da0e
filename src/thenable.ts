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
