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
  const deadline = performance.now() + timeout;
  while (performance.now() < deadline) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Cannot go on as ${goal} within a time limit: ${timeout} ms`);
}
