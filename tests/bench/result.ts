import { median, ratioOf, type Round, type Spread } from "./statistics.ts";
import type { Work } from "./work.ts";

/** What was measured of a work. */
export interface Result {
  readonly work: string;
  readonly unit: string;
  /** The median of operations a second. */
  readonly ours: number;
  /** The median of operations a second. */
  readonly rival: number;
  readonly ratio: Spread;
  readonly aim: number;
  readonly reached: boolean;
  readonly rounds: readonly Round[];
}

/** Sums up the rounds. */
export function resultOf({ name, unit, aim }: Work, rounds: readonly Round[]): Result {
  const ratio = ratioOf(rounds);
  return {
    work: name,
    unit,
    ours: median(rounds.map(({ ours }) => ours)),
    rival: median(rounds.map(({ rival }) => rival)),
    ratio,
    aim,
    reached: ratio.median >= aim,
    rounds,
  };
}
