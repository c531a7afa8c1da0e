import { aimText, ratioText, short } from "./figures.ts";
import { interleave } from "./interleave.ts";
import type { Measurement } from "./measurement.ts";
import { median, ratioOf, type Round, type Spread } from "./statistics.ts";
import type { Row } from "./table.ts";
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

/** Has both sides of a work take turns. */
export function speedOf(work: Work): Measurement {
  return {
    name: work.name,
    measure: async ({ speed }, progress) => {
      const details = resultOf(work, await interleave(work, speed, progress));
      return { row: rowOf(details), details };
    },
  };
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

/** The line of the table for it. */
export function rowOf({ work, unit, ours, rival, ratio, aim, reached }: Result): Row {
  return {
    work,
    ours: `${short(ours)} ${unit}/s`,
    rival: `${short(rival)} ${unit}/s`,
    comparison: ratioText(ratio),
    aim: aimText(`≥ ${aim.toFixed(2)}`, reached),
  };
}
