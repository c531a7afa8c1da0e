/** Whether a value has to be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

/**
 * The same for the program, which may leave it un-awaited: its rejection does not end the process. It is marked as
 * handled only once it rejects, as the stack of an error leads no further than to a promise with two reactions, and must
 * lead to the program's `await`. What it rejects with is told to `failed`, awaited or not.
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
 * Goes on with a value, at once if it is there: a promise for each message that needs none would cost as much as a
 * short handler.
 */
export function after(value: unknown, next: (value: unknown) => unknown): unknown {
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value);
}
