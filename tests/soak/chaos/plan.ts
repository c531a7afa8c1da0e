import type { Random } from "../../unit/seeded_random.ts";
import type { Transport } from "./way.ts";

/** How much is published and asked in a run, and how roughly it is treated. */
export interface Plan {
  readonly seed: number;
  /** Messages published in a second. */
  readonly rate: number;
  /** Bytes of each. */
  readonly size: number;
  /** Requests made in a second. */
  readonly asks: number;
  /** Milliseconds that each request may take. */
  readonly timeout: number;
  readonly faults: number;
  /** Milliseconds between two faults at least; twice as long at most. */
  readonly calm: number;
  /** Milliseconds for which something stands still. */
  readonly pause: number;
  /** Milliseconds for which something is down at least; twice as long at most. */
  readonly outage: number;
  readonly over: Transport;
}

/** What a kind of fault changes of a plan. */
export type PlanChanges = Partial<Omit<Plan, "seed">>;

export const FULL: Omit<Plan, "seed"> = {
  rate: 1_000,
  size: 64,
  asks: 200,
  timeout: 1_000,
  faults: 8,
  calm: 250,
  // longer than a request may take, and what it may take beyond that
  pause: 4_000,
  outage: 250,
  over: "tcp",
};

export const QUICK: Omit<Plan, "seed"> = {
  ...FULL,
  rate: 400,
  asks: 100,
  timeout: 500,
  faults: 2,
  calm: 100,
  pause: 1_000,
  outage: 100,
};

/** Between so many milliseconds and twice as many. */
export function about(milliseconds: number, random: Random): number {
  return milliseconds + random(milliseconds);
}
