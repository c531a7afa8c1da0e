/** Whether a value has to be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

/**
 * Marks a promise that the program may leave un-awaited: its rejection must not end the process. Who does await it is
 * given the rejection all the same.
 */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.then(undefined, () => {});
  return promise;
}

/**
 * Goes on with a value, at once if it is there: a promise for each message that needs none would cost as much as a
 * short handler.
 */
export function after(value: unknown, next: (value: unknown) => unknown): unknown {
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value);
}
