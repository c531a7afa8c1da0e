/** Where values lie between two ends, and which of them are written beside the axis. */
export interface Scale {
  readonly ticks: readonly number[];
  /** From 0 at the beginning of the axis to 1 at its end. */
  at(value: number): number;
}

/** From 0 to a round number, in some round steps. */
export function linear(most: number, steps = 4): Scale {
  const rough = (most > 0 ? most : 1) / steps;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((round) => round * power).find((round) => round >= rough)!;
  const count = Math.ceil(most / step) || 1;
  // multiplied, as sums of fractions are not round
  const ticks = Array.from({ length: count + 1 }, (_, number) => round(number * step));
  return { ticks, at: (value) => value / (count * step) };
}

/** From one power of ten to another. */
export function logarithmic(least: number, most: number): Scale {
  const from = Math.floor(Math.log10(least));
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)));
  const ticks = Array.from({ length: to - from + 1 }, (_, number) => 10 ** (from + number));
  return { ticks, at: (value) => (Math.log10(value) - from) / (to - from) };
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}
