/**
 * How long a test waits by default, in milliseconds. It is shorter than the 25 s that a broker takes to stop and than 30 s,
 * so that a test fails where something ends only by one of these deadlines.
 */
export const PATIENCE = 20_000;

export interface UntilOptions {
  /** Milliseconds after which it gives up. */
  readonly timeout?: number;
}

/** Waits until `probe` gives something else than `undefined` or `false`, and gives that. */
export async function until<T>(
  goal: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { timeout = PATIENCE }: UntilOptions = {},
): Promise<T> {
  const late = Promise.withResolvers<undefined>();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    late.resolve(undefined);
  }, timeout);
  try {
    while (!isLate) {
      // a probe that never answers must not keep the test for ever
      const found = await Promise.race([probe(), late.promise]);
      if (found !== undefined && found !== false) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`Cannot go on as ${goal} within a time limit: ${timeout} ms`);
}
