/** Operations a second of both sides, measured one right after the other. */
export interface Round {
  readonly ours: number;
  readonly rival: number;
}

/** How the values of all rounds lie. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle value; of an even number of them, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("Cannot give a median as there must be a value: 0");
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  return sorted.length % 2 ? upper : (sorted[middle - 1]! + upper) / 2;
}

/**
 * How many times as fast ours is. Each round is compared within itself, as whatever else the machine did
 * slowed both of its sides; the medians of each side alone are of different moments.
 */
export function ratioOf(rounds: readonly Round[]): Spread {
  return spreadOf(rounds.map(({ ours, rival }) => ours / rival));
}

/** The middle of some values, and between what they lie. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}
