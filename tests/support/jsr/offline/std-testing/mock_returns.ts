import { MockError } from "./mock_error.ts";

/** Makes a function that returns the values one by one, or throws those that are errors. */
export function returnsNext<Return>(
  values: Iterable<Return | Error>,
): (...args: unknown[]) => Return {
  const iterator = values[Symbol.iterator]();
  let calls = 0;
  return () => {
    const next = iterator.next();
    return take(next, calls++);
  };
}

/** Like {@linkcode returnsNext}, for promises. */
export function resolvesNext<Return>(
  values: Iterable<Return | Error> | AsyncIterable<Return | Error>,
): (...args: unknown[]) => Promise<Return> {
  const iterator = (async function* () {
    yield* values;
  })();
  let calls = 0;
  return async () => {
    const next = await iterator.next();
    return take(next, calls++);
  };
}

function take<Return>(next: IteratorResult<Return | Error>, calls: number): Return {
  if (next.done) throw new MockError(`Not expected to be called more than ${calls} time(s)`);
  if (next.value instanceof Error) throw next.value;
  return next.value;
}
