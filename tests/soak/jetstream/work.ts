import { type Consumer, consumer, type Stream, stream } from "@signalbox/nats/jetstream";

/** What is worked on: on every node of the cluster. */
export const JOBS: Stream<"jobs.{n}"> = stream("JOBS", {
  subjects: ["jobs.{n}"],
  numReplicas: 3,
  declare: "create",
});

/** Where a message goes. */
export interface Job {
  readonly n: number;
}

/** Who works on it. */
export function workOf(
  { attempts, ackWait }: { readonly attempts: number; readonly ackWait: number },
): Consumer {
  return consumer(JOBS, "work", {
    confirm: true,
    ackWait,
    heartbeat: "2s",
    timeout: "1m",
    retry: { attempts, backoff: ["200ms", "1s"] },
  });
}
