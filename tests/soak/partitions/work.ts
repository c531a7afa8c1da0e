import { consumer, stream } from "@signalbox/nats/jetstream";
import type { PartitionPlan } from "./plan.ts";

export const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });

/** The stream and the consumer of all processes. */
export function workOf({ partitions, ackWait }: PartitionPlan) {
  return consumer(orders, "work", {
    key: "id",
    partitions,
    ackWait,
    retry: { attempts: 50, backoff: "10ms" },
  });
}

/** A line of output about a message: its handler begins, has done it, has failed, or has lost it. */
export interface Said {
  readonly what: "begin" | "done" | "failed" | "lost";
  readonly key: string;
  readonly n: number;
  /** The number of the run in its process. */
  readonly run: number;
  /** The time by the clock of the machine, in milliseconds. */
  readonly at: number;
}

/** The arguments of a process. */
export interface Order {
  readonly url: string;
  readonly seed: number;
  readonly plan: PartitionPlan;
}
