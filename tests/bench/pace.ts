import type { Effort } from "./interleave.ts";

/** How thoroughly everything is measured. */
export interface Pace {
  /** For each work. */
  readonly speed: Effort;
  /** For each point of a curve. */
  readonly growth: Effort;
  /** Where the points of a curve are. */
  readonly counts: readonly number[];
  /** How many processes of each side are started to see how long an import takes. */
  readonly starts: number;
  /** How many processes of each side are looked at for what they hold. */
  readonly heaps: number;
  /** How many of each thing a process holds. */
  readonly held: number;
}

/** Under a minute for everything. */
export const QUICK: Pace = {
  speed: { rounds: 6, length: 50, first: 64, warmUp: 400 },
  growth: { rounds: 4, length: 40, first: 8, warmUp: 120 },
  counts: [1, 100, 10_000],
  starts: 6,
  heaps: 1,
  held: 5_000,
};

export const THOROUGH: Pace = {
  speed: { rounds: 40, length: 350, first: 512, warmUp: 2_000 },
  growth: { rounds: 10, length: 100, first: 8, warmUp: 400 },
  counts: [1, 10, 100, 1_000, 10_000],
  starts: 40,
  heaps: 3,
  held: 10_000,
};
