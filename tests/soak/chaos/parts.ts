import { outageBesideBare, type SideFate } from "../outage_beside_bare.ts";
import { death, freezes, outage } from "../sessions/lasting_faults.ts";
import { FULL as LONG_SESSIONS, QUICK as SHORT_SESSIONS } from "../sessions/plan.ts";
import { workPart } from "../jetstream/part.ts";
import { partitionPart } from "../partitions/part.ts";
import { runScenario } from "../sessions/run.ts";
import type { Scenario } from "../sessions/scenario.ts";
import * as sessions from "../sessions/server_faults.ts";
import { broken } from "./broken.ts";
import { type Fault, overWebSockets } from "./fault.ts";
import { clock, outbox } from "./outages.ts";
import { FULL, QUICK } from "./plan.ts";
import { controlLines, permissions, subscriptions } from "./refusals.ts";
import { type Row, rowOf } from "./row.ts";
import { runFault } from "./run.ts";
import { cluster, kills, lameDuck, pauses } from "./server_faults.ts";
import { sessionRow } from "./session_row.ts";
import { cuts, hangUps, stalls } from "./socket_faults.ts";

/** The rows of a part, and the promises that it found broken. */
export interface Shown {
  readonly rows: readonly Row[];
  readonly broken: readonly string[];
}

/** A part, which can run on its own. */
export interface Part {
  readonly name: string;
  run(): Promise<Shown>;
}

const FAULTS: readonly Fault[] = [
  kills,
  pauses,
  cluster,
  cuts,
  stalls,
  outbox,
  clock,
  lameDuck,
  hangUps,
  permissions,
  subscriptions,
  controlLines,
  ...[kills, pauses, cuts, stalls, outbox, clock, hangUps, permissions].map(overWebSockets),
];
const { restarts, cluster: nodes, pauses: stops, cuts: breaks } = sessions;
const SCENARIOS: readonly Scenario[] = [restarts, nodes, stops, freezes, breaks, death, outage];

/** All parts, in the order of the table. */
export function partsOf(seed: number, isQuick: boolean): readonly Part[] {
  return [
    ...FAULTS.map((fault) => faultPart(fault, seed, isQuick)),
    { name: "bare", run: besideBare },
    ...SCENARIOS.map((scenario) => sessionPart(scenario, seed, isQuick)),
    workPart(seed, isQuick),
    partitionPart(seed, isQuick),
  ];
}

function faultPart(fault: Fault, seed: number, isQuick: boolean): Part {
  const plan = { ...(isQuick ? { ...QUICK, ...fault.quick } : { ...FULL, ...fault.full }), seed };
  return {
    name: fault.name,
    run: async () => {
      const outcome = await runFault(fault, plan);
      return { rows: [rowOf(fault, outcome)], broken: broken(fault, plan, outcome) };
    },
  };
}

function sessionPart(scenario: Scenario, seed: number, isQuick: boolean): Part {
  const changed = isQuick
    ? { ...SHORT_SESSIONS, ...scenario.quick }
    : { ...LONG_SESSIONS, ...scenario.full };
  const plan = { ...changed, seed };
  return {
    name: `sessions ${scenario.name}`,
    run: async () => {
      const result = await runScenario(scenario, plan);
      return {
        rows: [sessionRow(scenario, plan, result)],
        broken: [...result.broken, ...result.failures],
      };
    },
  };
}

async function besideBare(): Promise<Shown> {
  const { ours, bare, seconds } = await outageBesideBare();
  const row = (fault: string, fate: SideFate): Row => ({
    fault,
    "messages/s": Math.round(fate.accepted / seconds),
    "faults": 1,
    "accepted": fate.accepted,
    "while disconnected": fate.held,
    "delivered": fate.delivered,
    "lost": fate.lost,
    "told as unconfirmed": fate.unconfirmed,
    "lost untold": fate.untold,
    "twice": fate.duplicated,
    "out of order": fate.disordered,
  });
  const { untold, lostHeld, duplicated, disordered } = ours;
  const found = [
    untold + lostHeld > 0 && "the broker lost what no event told of",
    duplicated + disordered > 0 && "messages came twice, or after a later one",
    ours.held === 0 && "the outage showed nothing: nothing was accepted in it",
  ];
  return {
    rows: [row("a two-second outage", ours), row("the same, the bare client", bare)],
    broken: found.filter((sentence) => sentence !== false),
  };
}
