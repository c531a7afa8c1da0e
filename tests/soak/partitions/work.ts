import { consumer, stream } from "@signalbox/nats/jetstream";
import type { PartitionPlan } from "./plan.ts";

export const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });

/** What the processes share. */
export function workOf({ partitions, ackWait }: PartitionPlan) {
  return consumer(orders, "work", {
    key: "id",
    partitions,
    ackWait,
    retry: { attempts: 50, backoff: "10ms" },
  });
}

/** What a process says of a message: that its handler begins, has done it, has failed, or has lost it. */
export interface Said {
  readonly what: "begin" | "done" | "failed" | "lost";
  readonly key: string;
  readonly n: number;
  /** Which run of a handler of this process it is. */
  readonly run: number;
  /** When, by the clock of the machine, in milliseconds. */
  readonly at: number;
}

/** What a process is told. */
export interface Order {
  readonly url: string;
  readonly seed: number;
  readonly plan: PartitionPlan;
}
