import type { Round } from "./statistics.ts";
import { perform, type Work } from "./work.ts";

/** How long it is measured. */
export interface Effort {
  /** How many times both sides are measured. */
  readonly rounds: number;
  /** Milliseconds that the slower side takes in a round, at least. */
  readonly length: number;
  /** With how many operations it begins: few where one may take long. */
  readonly first: number;
  /** Milliseconds that both sides together run before they are measured, at least: code that is new is slow. */
  readonly warmUp: number;
}

export type Progress = (done: number, of: number) => void;

/**
 * Measures both sides in turn, A B B A and so on, each round with the same number of operations: what comes
 * first pays for the garbage of what came before, so neither side always does.
 */
export async function interleave(
  work: Work,
  { rounds, ...effort }: Effort,
  progress: Progress = () => {},
): Promise<readonly Round[]> {
  progress(0, rounds);
  const operations = await warmUp(work, effort);
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    measured.push(await measure(work, operations, round % 2 === 1));
    progress(round + 1, rounds);
  }
  return measured;
}

/**
 * Doubles the operations until the slower side takes long enough, and does so again: what takes long only as it has never
 * run before is not taken for slow.
 */
async function warmUp(work: Work, { length, first, warmUp }: Omit<Effort, "rounds">) {
  let operations = first;
  for (let enough = 0, spent = 0; enough < 2 || spent < warmUp;) {
    const ours = await perform(work, "ours", operations);
    const rival = await perform(work, "rival", operations);
    spent += ours + rival;
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
