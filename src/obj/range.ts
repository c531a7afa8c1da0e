/**
 * A range of bytes, as in `slice()`: from `start` up to, and excluding, `end`, which defaults to the object's end.
 * Negative numbers count from the end: `[-100]` selects the last 100 bytes.
 */
export type ObjectRange = readonly [start: number, end?: number | undefined];

/** A range within an object: from `start` up to, and excluding, `end`. */
export interface Part {
  /** The offset of the first byte. */
  readonly start: number;
  /** The offset after the last byte. */
  readonly end: number;
}

/** The rule for a range. */
export function range(value: unknown): string | undefined {
  const isRange = Array.isArray(value) && (value.length === 1 || value.length === 2) &&
    value.every((one, at) => Number.isSafeInteger(one) || (at === 1 && one === undefined));
  return isRange ? undefined : "[start, end] or [start], of whole numbers";
}

/** Resolves a range within an object of this size. */
export function partOf(size: number, [from, to = size]: ObjectRange = [0]): Part {
  const start = place(from, size);
  return { start, end: Math.max(start, place(to, size)) };
}

function place(given: number, size: number): number {
  return Math.max(0, Math.min(size, given < 0 ? size + given : given));
}
