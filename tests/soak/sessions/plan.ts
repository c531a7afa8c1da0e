/** How much is said in a run, and what is waited for. */
export interface Plan {
  readonly seed: number;
  readonly sessions: number;
  /** How many frames each session sends in each direction. */
  readonly frames: number;
  readonly faults: number;
  /** Milliseconds for which something is stopped. */
  readonly pause: number;
  /** Milliseconds for which something is down at most. */
  readonly outage: number;
  readonly resumeTimeout: number;
  readonly keepAlive: number;
  /** Milliseconds after the last fault within which every session must have ended. */
  readonly bound: number;
}

/** What a scenario changes of a plan. */
export type PlanChanges = Partial<Omit<Plan, "seed">>;

export const FULL: Omit<Plan, "seed"> = {
  sessions: 50,
  frames: 400,
  faults: 20,
  pause: 3_000,
  outage: 400,
  resumeTimeout: 30_000,
  keepAlive: 2_000,
  bound: 60_000,
};

export const QUICK: Omit<Plan, "seed"> = {
  ...FULL,
  sessions: 8,
  frames: 60,
  faults: 3,
  pause: 1_500,
  outage: 100,
  // within the pause, the other side must be found out of reach
  keepAlive: 250,
  bound: 20_000,
};

/** The largest message that the servers take: so little that some frames have to be split. */
export const MAX_PAYLOAD = 16_384;
