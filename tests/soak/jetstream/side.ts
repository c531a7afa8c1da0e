import type { NatsBroker } from "@signalbox/nats";
import { jetstream } from "@signalbox/nats/jetstream";
import type { NatsCluster } from "../../support/nats_server/nats_cluster.ts";
import { WorkerProcess } from "../worker_process.ts";
import type { WorkPlan } from "./plan.ts";
import { StoredPublishing } from "./publishing.ts";

/** What a worker is told. */
export interface Order {
  readonly servers: readonly string[];
  /** The file to append to. */
  readonly journal: string;
  readonly plan: WorkPlan;
}

/** What became of what was published. */
export interface Published {
  readonly stored: number;
  /** How often each error was thrown, by its name. */
  readonly failures: ReadonlyMap<string, number>;
}

/** Who publishes and works: ours, or another client. */
export interface Side {
  /** Publishes all messages. */
  publish(
    place: { readonly broker: NatsBroker; readonly cluster: NatsCluster },
    plan: WorkPlan,
  ): Promise<Published>;
  /** Starts a worker. */
  work(order: Order): Promise<WorkerProcess>;
}

export const OURS: Side = {
  publish: async ({ broker }, plan) => {
    const publishing = new StoredPublishing(jetstream(broker), plan);
    await publishing.run();
    return publishing;
  },
  work: (order) =>
    WorkerProcess.start(JSON.stringify(order), new URL("worker.ts", import.meta.url)),
};
