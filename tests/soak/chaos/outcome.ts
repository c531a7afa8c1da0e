import type { Asking } from "./asking.ts";
import { type Fate, fateOf } from "./fate.ts";
import type { Publishing } from "./publishing.ts";
import type { Sides } from "./sides.ts";

/** What came of a run. */
export interface Outcome extends Fate {
  readonly faults: number;
  readonly disconnects: number;
  /** The sum of what the events told. */
  readonly unconfirmed: number;
  /** How many flushes told of it. */
  readonly interrupted: number;
  readonly refused: number;
  /** By the name of the error, if it is not the one for a full outbox. */
  readonly misrefused: readonly string[];
  readonly duplicated: number;
  readonly disordered: number;
  readonly foreign: number;
  readonly asked: number;
  readonly answered: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly late: number;
  readonly hung: number;
  readonly handledTwice: number;
  /** Requests that were given up while they were held, and handled nevertheless. */
  readonly forsakenHandled: number;
  /** What would have ended the program or the run. */
  readonly errors: readonly unknown[];
  readonly seconds: number;
}

/** Counts what each side kept. */
export function outcomeOf(
  { sides, publishing, asking, ...rest }: {
    readonly sides: Sides;
    readonly publishing: Publishing;
    readonly asking: Asking;
    readonly faults: number;
    readonly errors: readonly unknown[];
    readonly seconds: number;
  },
): Outcome {
  const { sender, heard, handled, disconnects } = sides;
  const names = new Set(publishing.refused.values());
  names.delete("OutboxFullError");
  const failure = sender.failure ? [sender.failure] : [];
  const sum = (count: (one: typeof heard[number]) => number) =>
    heard.reduce((total, one) => total + count(one), 0);
  return {
    ...rest,
    ...fateOf(publishing, heard, sender.breaks),
    disconnects,
    unconfirmed: sender.breaks.reduce((total, { unconfirmed }) => total + unconfirmed, 0),
    interrupted: sender.interrupted,
    refused: publishing.refused.size,
    misrefused: [...names],
    duplicated: sum(({ duplicated }) => duplicated),
    disordered: sum(({ disordered }) => disordered),
    foreign: sum(({ foreign }) => foreign),
    asked: asking.asked,
    answered: asking.answered,
    failures: Object.fromEntries(asking.failures),
    late: asking.late,
    hung: asking.hung,
    handledTwice: [...handled.values()].filter((times) => times > 1).length,
    forsakenHandled: [...asking.forsaken].filter((number) => handled.has(number)).length,
    errors: [...rest.errors, ...failure],
  };
}
