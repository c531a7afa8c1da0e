import type { LinkEnd } from "@signalbox/nats";
import type { Random } from "../../unit/seeded_random.ts";
import type { Party } from "./party.ts";
import type { Plan, PlanChanges } from "./plan.ts";
import type { ServiceProcess } from "./service_process.ts";

/** Whoever serves. */
export type Service = Party | ServiceProcess;

/** Both sides. */
export interface Parties<Serving extends Service = Service> {
  readonly client: Party;
  readonly service: Serving;
}

/** The servers of a run, and what goes wrong with them. */
export interface Stage<Serving extends Service = Service> extends AsyncDisposable {
  readonly client: readonly string[];
  readonly service: readonly string[];
  /** Does the fault of that number, and resolves once it is over. */
  strike(fault: number, parties: Parties<Serving>): Promise<void>;
}

/** One kind of fault. */
export interface Scenario<Serving extends Service = Service> {
  readonly name: string;
  /** How every session must end. */
  readonly ending: LinkEnd;
  readonly full?: PlanChanges;
  readonly quick?: PlanChanges;
  /** Where the side that serves runs. */
  serve(servers: readonly string[], plan: Plan): Promise<Serving>;
  open(plan: Plan, random: Random): Promise<Stage<Serving>>;
}
