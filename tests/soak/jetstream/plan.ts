/** How often a number is of a kind: one of so many. */
export interface Kinds {
  /** Its handler throws each time. */
  readonly poison: number;
  /** Its handler rejects it. */
  readonly rejected: number;
  /** Its handler kills the process. */
  readonly killer: number;
}

/** How much is published and handled in a run, and how roughly it is treated. */
export interface WorkPlan {
  readonly seed: number;
  readonly messages: number;
  /** Messages published in a second. */
  readonly rate: number;
  /** How many are published at once at most. */
  readonly atOnce: number;
  readonly kinds: Kinds;
  readonly workers: number;
  /** How many messages each worker handles at once. */
  readonly concurrency: number;
  /** How often a message is delivered at most. */
  readonly attempts: number;
  /** Milliseconds after which the server gives what a killed worker had to another. */
  readonly ackWait: number;
  /** How often a node fails at least; it goes on until all is published. */
  readonly faults: number;
  /** Milliseconds between two faults at least; twice as long at most. */
  readonly calm: number;
  /** Milliseconds for which a node is away at least; twice as long at most. */
  readonly outage: number;
  /** Milliseconds between the ends of two workers at least; twice as long at most. */
  readonly workerCalm: number;
  /** How long what is left may take once the last fault is over, in milliseconds. */
  readonly patience: number;
}

export const FULL: Omit<WorkPlan, "seed"> = {
  messages: 20_000,
  rate: 200,
  atOnce: 256,
  kinds: { poison: 200, rejected: 400, killer: 2_000 },
  workers: 4,
  concurrency: 16,
  attempts: 4,
  ackWait: 4_000,
  faults: 9,
  calm: 1_000,
  outage: 2_000,
  workerCalm: 3_000,
  patience: 120_000,
};

export const QUICK: Omit<WorkPlan, "seed"> = {
  ...FULL,
  messages: 400,
  rate: 100,
  // with so few workers one that kills its process would take the same others along, attempt after attempt
  kinds: { poison: 100, rejected: 200, killer: Infinity },
  workers: 2,
  attempts: 6,
  ackWait: 2_000,
  faults: 3,
  calm: 200,
  outage: 700,
  workerCalm: 800,
};

/** What others can be put through as well. */
export const BESIDE: Omit<WorkPlan, "seed"> = {
  ...FULL,
  messages: 2_000,
  rate: 50,
  kinds: { poison: 200, rejected: 400, killer: 500 },
  outage: 1_000,
  patience: 60_000,
};

/** What becomes of a message; all of the last three kinds become dead letters. */
export type Kind = "work" | keyof Kinds;

/** What a number is. */
export function kindOf(n: number, { poison, rejected, killer }: Kinds): Kind {
  if (n % killer === Math.floor(killer / 2)) return "killer";
  if (n % rejected === 13) return "rejected";
  return n % poison === 7 ? "poison" : "work";
}
