import type { Row } from "../chaos/row.ts";
import { some } from "../jetstream/verdict.ts";
import type { Hand } from "./hand.ts";
import type { PartitionPlan } from "./plan.ts";
import type { PartitionOutcome } from "./run.ts";
import type { Said } from "./work.ts";

/** The most milliseconds until a process knows that it stood still, and which messages it has lost by that. */
const SOON = 1_000;

/** A run of a handler. */
interface Run {
  readonly n: number;
  readonly from: number;
  /** Until when it may have had an effect. */
  readonly to: number;
  readonly isDone: boolean;
}

/** The result of comparing the output of all processes. */
export interface PartitionVerdict {
  readonly done: number;
  /** Never done, as `KEY NUMBER`. */
  readonly lost: readonly string[];
  /** Begun or done out of order. */
  readonly disordered: readonly string[];
  /** Begun while a handler worked on another message of the same key. */
  readonly atOnce: readonly string[];
  /** Done again, as its process was killed or halted before the server knew. */
  readonly again: number;
  /** Runs whose process was killed. */
  readonly killed: number;
  /** Runs that lost their message and got an aborted signal. */
  readonly told: number;
}

export function partitionVerdict(
  { keys, messages }: PartitionPlan,
  { hands }: Pick<PartitionOutcome, "hands">,
): PartitionVerdict {
  const byKey = Map.groupBy(hands.flatMap(runsOf), ({ key }) => key);
  const found = Array.from(
    { length: keys },
    (_, key) => ofKey(`${key}`, byKey.get(`${key}`) ?? []),
  );
  const lost = found.flatMap(({ key, next }) =>
    Array.from({ length: messages - next }, (_, at) => `${key} ${next + at}`)
  );
  const ends = hands.map(({ said }) => Map.groupBy(said, ({ what }) => what));
  const count = (what: Said["what"]) =>
    ends.reduce((sum, each) => sum + (each.get(what)?.length ?? 0), 0);
  return {
    done: keys * messages - lost.length,
    lost,
    disordered: found.flatMap(({ disordered }) => disordered),
    atOnce: found.flatMap(({ atOnce }) => atOnce),
    again: count("done") - (keys * messages - lost.length),
    killed: count("begin") - count("done") - count("failed") - count("lost"),
    told: count("lost"),
  };
}

/** The promises that the run has broken. */
export function brokenPartitions(plan: PartitionPlan, outcome: PartitionOutcome): string[] {
  const { lost, disordered, atOnce } = partitionVerdict(plan, outcome);
  const { stored, kills, halts, errors } = outcome;
  const all = plan.keys * plan.messages;
  const found = [
    stored !== all && `${stored} of ${all} messages were stored`,
    some("were lost", lost),
    some("were handled out of order", disordered),
    some("were begun while one of their key was being handled", atOnce),
    (kills === 0 || halts === 0) && "the run shows nothing: no process was killed, or none halted",
    ...errors.map((error) => `it failed: ${Deno.inspect(error)}`),
  ];
  return found.filter((sentence) => typeof sentence === "string");
}

/** The figures of a run. */
export function partitionRow(plan: PartitionPlan, outcome: PartitionOutcome): Row {
  const { lost, disordered, atOnce, again, done, killed, told } = partitionVerdict(plan, outcome);
  const { stored, seconds, kills, halts } = outcome;
  const { processes, partitions, keys } = plan;
  return {
    "fault": `${processes} processes with ${partitions} partitions of ${keys} keys are killed ` +
      `(${kills}) and halted (${halts}); handlers that ended so: ${killed} and ${told}`,
    "messages/s": Math.round(stored / seconds),
    "faults": kills + halts,
    "accepted": stored,
    "delivered": done,
    "lost": lost.length,
    "handled again, unconfirmed": again,
    "out of order": disordered.length,
    "two of a key at once": atOnce.length,
  };
}

function runsOf(hand: Hand): (Run & { readonly key: string })[] {
  const ends = new Map<number, Said>();
  for (const said of hand.said) if (said.what !== "begin") ends.set(said.run, said);
  return hand.said.filter(({ what }) => what === "begin").map(({ key, n, run, at: from }) => {
    const end = ends.get(run);
    return { key, n, from, to: endOf(hand, from, end), isDone: end?.what === "done" };
  });
}

/** The end of a run. If its message was lost in a halt, it ends where the halt begins, though its process learns of that later. */
function endOf({ halts, killedAt }: Hand, from: number, end: Said | undefined): number {
  if (!end) return killedAt;
  if (end.what !== "lost") return end.at;
  const halt = halts.findLast((each) =>
    each.from >= from && each.to <= end.at && end.at - each.to < SOON
  );
  return halt?.from ?? end.at;
}

function ofKey(key: string, runs: readonly Run[]) {
  const atOnce: string[] = [];
  const disordered: string[] = [];
  const steps = runs.flatMap(({ n, from, to, isDone }) => [
    { n, at: from, isDone: false },
    ...isDone ? [{ n, at: to, isDone }] : [],
  ]);
  // of two events in one millisecond, the end of a run comes before the begin of another
  steps.sort((one, other) => one.at - other.at || Number(other.isDone) - Number(one.isDone));
  let next = 0;
  for (const { n, isDone } of steps) {
    // the last message may come again
    if (n !== next && n !== next - 1) disordered.push(`${key} ${n}`);
    else if (isDone && n === next) next++;
  }
  let busyUntil = -Infinity;
  for (const { n, from, to } of runs.toSorted((one, other) => one.from - other.from)) {
    if (from < busyUntil) atOnce.push(`${key} ${n}`);
    busyUntil = Math.max(busyUntil, to);
  }
  return { key, next, disordered, atOnce };
}
