import type { Round } from "./statistics.ts";
import { perform, type Work } from "./work.ts";

/** How long it is measured. */
export interface Effort {
  /** How many times both sides are measured. */
  readonly rounds: number;
  /** Milliseconds that the slower side takes in a round, at least. */
  readonly length: number;
  /** With how many operations it begins, 512 if nothing is said: less where one may take long. */
  readonly first?: number;
}

export type Progress = (done: number, of: number) => void;

/**
 * Measures both sides in turn, A B B A and so on, each round with the same number of operations: what comes
 * first pays for the garbage of what came before, so neither side always does.
 */
export async function interleave(
  work: Work,
  { rounds, length, first = 512 }: Effort,
  progress: Progress = () => {},
): Promise<readonly Round[]> {
  progress(0, rounds);
  const operations = await warmUp(work, length, first);
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    measured.push(await measure(work, operations, round % 2 === 1));
    progress(round + 1, rounds);
  }
  return measured;
}

/**
 * Doubles the operations until the slower side takes long enough, and does so again: they run often, are counted on the
 * way, and what takes long only as it has never run before is not taken for slow.
 */
async function warmUp(work: Work, length: number, first: number): Promise<number> {
  let operations = first;
  for (let enough = 0; enough < 2;) {
    const ours = await perform(work, "ours", operations);
    const rival = await perform(work, "rival", operations);
    if (Math.max(ours, rival) >= length) enough++;
    else {
      enough = 0;
      operations *= 2;
    }
  }
  return operations;
}

async function measure(work: Work, operations: number, rivalFirst: boolean): Promise<Round> {
  const first = await perform(work, rivalFirst ? "rival" : "ours", operations);
  const second = await perform(work, rivalFirst ? "ours" : "rival", operations);
  const [ours, rival] = rivalFirst ? [second, first] : [first, second];
  return { ours: rate(operations, ours), rival: rate(operations, rival) };
}

function rate(operations: number, milliseconds: number): number {
  return operations / milliseconds * 1_000;
}
