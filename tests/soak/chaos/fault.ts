import type { BrokerOptions } from "@signalbox/nats";
import type { Random } from "../../unit/seeded_random.ts";
import type { Plan, PlanChanges } from "./plan.ts";
import type { Sides } from "./sides.ts";

/** The servers of a run, the ways to them, and what goes wrong with them. */
export interface Stage extends AsyncDisposable {
  /** Where the sender connects: it goes on to the next one when it has to. */
  readonly sender: readonly string[];
  readonly senderOptions?: BrokerOptions;
  /** A reader stays at each of these. */
  readonly readers: readonly string[];
  /** So many services answer, each of which connects to any of its servers. */
  readonly services: readonly (readonly string[])[];
  /** Does the fault of that number; resolves once it is over, and whoever has to hear is listening. */
  strike(fault: number, sides: Sides): Promise<void>;
}

/** What must have happened in a run at least once, or it shows nothing. */
export type Proof = "disconnects" | "held" | "refused" | "timeouts";

/** One kind of fault. */
export interface Fault {
  readonly name: string;
  /** What is done, for whoever reads the table. */
  readonly title: string;
  readonly proofs: readonly Proof[];
  readonly full?: PlanChanges;
  readonly quick?: PlanChanges;
  open(plan: Plan, random: Random): Promise<Stage>;
}

/** The same fault where the sender and the services connect over `ws://`. */
export function overWebSockets(fault: Fault): Fault {
  return {
    ...fault,
    name: `${fault.name} ws`,
    title: `${fault.title}, over ws://`,
    full: { ...fault.full, over: "webSocket" },
    quick: { ...fault.quick, over: "webSocket" },
  };
}
