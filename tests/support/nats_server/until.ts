export interface UntilOptions {
  /** Milliseconds after which it gives up. */
  readonly timeout?: number;
}

/** Waits until `probe` gives something else than `undefined` or `false`, and gives that. */
export async function until<T>(
  goal: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { timeout = 10_000 }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeout;
  while (performance.now() < deadline) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Cannot go on as ${goal} within a time limit: ${timeout} ms`);
}
