import type { Ends } from "../ends.ts";
import { type Effort, interleave } from "../interleave.ts";
import type { Measurement } from "../measurement.ts";
import type { Round } from "../statistics.ts";
import type { Side } from "../work.ts";
import { type Curve, type Point, rowOf } from "./curve.ts";

/** Until the code is compiled, an operation is dearer than ever after; that must not be the first point. */
const WARM_UP: Effort = { rounds: 1, length: 100, first: 16, warmUp: 600 };

/** Both sides with so many of something; each tells whether everything it did came out right. */
export interface Grown {
  readonly ours: Side<boolean>;
  readonly rival: Side<boolean>;
}

/** An operation whose cost may depend on how many of something there are. */
export interface Growth {
  readonly name: string;
  readonly operation: string;
  readonly things: string;
  /** Makes so many on both sides; what has to be closed in the end goes onto the stack. */
  prepare(ends: Ends, count: number, opened: AsyncDisposableStack): Promise<Grown>;
}

/** Measures the operation among ever more of them. */
export function measuring(ends: Ends, growth: Growth): Measurement {
  const { name, operation, things } = growth;
  return {
    name,
    measure: async (pace, progress) => {
      const points: Point[] = [];
      progress(0, pace.counts.length);
      await among(ends, growth, pace.counts[0]!, WARM_UP);
      for (const count of pace.counts) {
        points.push({ count, rounds: await among(ends, growth, count, pace.growth) });
        progress(points.length, pace.counts.length);
      }
      const curve: Curve = { name, operation, things, points };
      return { row: rowOf(curve), details: curve, curve };
    },
  };
}

async function among(
  ends: Ends,
  { name, prepare }: Growth,
  count: number,
  effort: Effort,
): Promise<readonly Round[]> {
  await using opened = new AsyncDisposableStack();
  const sides = await prepare(ends, count, opened);
  const work = { ...sides, name, unit: "", aim: 0, right: (answer: boolean) => answer };
  return await interleave(work, effort);
}
