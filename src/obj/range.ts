/**
 * Which bytes to read, as `slice()` takes it: from the first number up to the second, which is left out; without it to
 * the end. Negative ones count from the end: `[-100]` are the last 100 bytes.
 */
export type ObjectRange = readonly [start: number, end?: number | undefined];

/** A part of an object, from `start` up to `end`, which is left out. */
export interface Part {
  /** The first byte. */
  readonly start: number;
  /** The one behind the last. */
  readonly end: number;
}

/** The rule for a range. */
export function range(value: unknown): string | undefined {
  const isRange = Array.isArray(value) && (value.length === 1 || value.length === 2) &&
    value.every((one, at) => Number.isSafeInteger(one) || (at === 1 && one === undefined));
  return isRange ? undefined : "[start, end] or [start], of whole numbers";
}

/** The part of an object of so many bytes. */
export function partOf(size: number, [from, to = size]: ObjectRange = [0]): Part {
  const start = place(from, size);
  return { start, end: Math.max(start, place(to, size)) };
}

function place(given: number, size: number): number {
  return Math.max(0, Math.min(size, given < 0 ? size + given : given));
}
