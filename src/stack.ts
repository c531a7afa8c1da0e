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
 * nothing where all goes well. The `given` one, which it is resolved with, may be left un-awaited: it is marked as
 * handled only here, as no stack leads past a promise with two reactions.
 */
export async function rejection(error: Error, given?: Promise<unknown>): Promise<never> {
  for (let turn = 0; turn < TURNS; turn++) await undefined;
  retraced(error);
  given?.catch(() => {});
  throw error;
}
