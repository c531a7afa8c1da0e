import type { Row } from "../chaos/row.ts";
import { kindOf, type WorkPlan } from "./plan.ts";
import type { WorkOutcome } from "./run.ts";

/** What can be told of a run by comparing what was stored, begun, confirmed and given up. */
export interface Verdict {
  /** Neither done nor a dead letter. */
  readonly lost: readonly number[];
  /** Begun after the server had confirmed what became of them, by their numbers in the stream. */
  readonly afterConfirmed: readonly number[];
  /** Begun once more, as their acknowledgement had not been confirmed. */
  readonly again: number;
  /** Begun more often than they may be. */
  readonly tooOften: readonly number[];
  /** What should be a dead letter and is none. */
  readonly undead: readonly number[];
  /** What is a dead letter and should not be, or is one twice. */
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

/** What was promised and did not hold. */
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

/** The first few of what should not be, in words. */
export function some(what: string, values: readonly (number | string)[]): string | undefined {
  if (values.length === 0) return;
  const [first, more] = [values.slice(0, 5).join(", "), values.length > 5 ? ", …" : ""];
  return `${values.length} ${what}: ${first}${more}`;
}
