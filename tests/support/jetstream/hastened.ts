/** Has timers of half a minute fire within a second. */
export function hastened(): Disposable {
  const real = globalThis.setTimeout;
  globalThis.setTimeout =
    ((callback: () => void, wait = 0) =>
      real(callback, wait > 20_000 && wait < 40_000 ? wait / 40 : wait)) as typeof setTimeout;
  return { [Symbol.dispose]: () => void (globalThis.setTimeout = real) };
}
