/** Turns that a promise needs to know who awaits it, once it has been resolved with another. */
const TURNS = 2;

/**
 * Gives an error the stack of this moment. In the continuation of an async function, that is the way to everyone who
 * awaits it; an error made in a timer or while the socket is read would show only these.
 */
export function retraced<T extends Error>(error: T): T {
  Error.captureStackTrace(error, retraced);
  return error;
}

/**
 * A promise to resolve another with, which so rejects with an error whose stack leads to the program's `await`. It costs
 * nothing where all goes well.
 */
export async function rejection(error: Error): Promise<never> {
  for (let turn = 0; turn < TURNS; turn++) await undefined;
  throw retraced(error);
}
