import type { Row } from "../chaos/row.ts";
import { kindOf, type WorkPlan } from "./plan.ts";
import type { WorkOutcome } from "./run.ts";

/** The result of comparing the stored, begun, confirmed and given up messages of a run. */
export interface Verdict {
  /** Neither done nor a dead letter. */
  readonly lost: readonly number[];
  /** Begun after the server had confirmed their outcome; these are their sequences. */
  readonly afterConfirmed: readonly number[];
  /** Begun again, as the server had not confirmed their acknowledgement. */
  readonly again: number;
  /** Begun more often than they may be. */
  readonly tooOften: readonly number[];
  /** Should be dead letters and are not. */
  readonly undead: readonly number[];
  /** Are dead letters and should not be, or are dead letters twice. */
  readonly wronglyDead: readonly string[];
}

export function verdictOf(plan: WorkPlan, { account, dead }: WorkOutcome): Verdict {
  const { runs, done, confirmed } = account;
  const numbers = Array.from({ length: plan.messages }, (_, n) => n);
  const doomed = new Set(numbers.filter((n) => kindOf(n, plan.kinds) !== "work"));
  const buried = new Set<number>();
  const wronglyDead: string[] = [];
  for (const { n, reason } of dead) {
    if (!doomed.has(n) || buried.has(n)) wronglyDead.push(`${n} (${reason})`);
    buried.add(n);
  }
  const all = [...runs];
  return {
    lost: numbers.filter((n) => !done.has(n) && !buried.has(n)),
    afterConfirmed: all.filter(([seq, each]) =>
      each.some(({ at }) => at > (confirmed.get(seq) ?? Infinity))
    ).map(([seq]) => seq),
    again: all.reduce((sum, [, each]) => sum + each.length - 1, 0),
    tooOften: all.filter(([, each]) => each.length > plan.attempts).map(([seq]) => seq),
    undead: [...doomed].filter((n) => !buried.has(n)),
    wronglyDead,
  };
}

/** The promises that the run has broken. */
export function brokenWork(plan: WorkPlan, outcome: WorkOutcome): string[] {
  const verdict = verdictOf(plan, outcome);
  const { stored, read, leftBehind, errors, account } = outcome;
  const { messages } = plan;
  const found = [
    stored !== messages && `${stored} of ${messages} messages were stored`,
    some("were lost", verdict.lost),
    some("were handled again after that was confirmed", verdict.afterConfirmed),
    some("were handled more often than they may be", verdict.tooOften),
    some("are no dead letters, and should be", verdict.undead),
    some("are dead letters, and should not be", verdict.wronglyDead),
    some("were left behind, which are consumers", leftBehind),
    read.seen.size !== messages && `a reader got ${read.seen.size} of ${messages} messages`,
    read.disordered > 0 && `a reader got ${read.disordered} messages out of order`,
    read.storedTwice > 0 && `${read.storedTwice} messages were stored twice`,
    account.confirmed.size === 0 && "the run shows nothing: nothing was confirmed",
    outcome.kills === 0 && "the run shows nothing: no worker was killed",
    ...errors.map((error) => `it failed: ${Deno.inspect(error)}`),
  ];
  return found.filter((sentence) => typeof sentence === "string");
}

/** The figures of a run. */
export function workRow(title: string, plan: WorkPlan, outcome: WorkOutcome): Row {
  const { lost, afterConfirmed, again, undead, wronglyDead } = verdictOf(plan, outcome);
  const { stored, seconds, faults, kills, deaths, failures, account, read, dead } = outcome;
  const wrong = undead.length + wronglyDead.length;
  return {
    "fault": `${title}; ${kills} ends and ${deaths} deaths of workers`,
    "messages/s": Math.round(stored / seconds),
    faults,
    "accepted": stored,
    "delivered": account.done.size,
    "refused": [...failures.values()].reduce((sum, count) => sum + count, 0),
    "lost": lost.length,
    "twice": afterConfirmed.length,
    "handled again, unconfirmed": again,
    "out of order": read.disordered,
    "dead letters": wrong === 0 ? dead.length : `${dead.length}, ${wrong} wrong`,
  };
}

/** Names the first few of the wrong messages. */
export function some(what: string, values: readonly (number | string)[]): string | undefined {
  if (values.length === 0) return;
  const [first, more] = [values.slice(0, 5).join(", "), values.length > 5 ? ", …" : ""];
  return `${values.length} ${what}: ${first}${more}`;
}
