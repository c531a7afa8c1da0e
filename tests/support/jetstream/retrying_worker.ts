/**
 * Works on the jobs of a queue until it is killed; the first argument is the server. Each job fails at its first attempt,
 * and waits as a schedule. Prints each attempt.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { consumer, Retry, workQueue } from "../../../src/jetstream/mod.ts";

const jobs = workQueue("JOBS", {
  subjects: ["jobs.{id}"],
  allowMsgSchedules: true,
  declare: "create",
});
const work = consumer(jobs, "work", {
  ackWait: "2s",
  retry: { attempts: 20, backoff: "400ms", jitter: 0.5, scheduleFrom: "100ms" },
});
const broker = new NatsBroker(Deno.args[0]!, {
  logger: false,
  reconnect: { minDelay: 20, maxDelay: 100 },
});
broker.subscriber(work, { concurrency: 8 }, ({ params, delivery }) => {
  console.log(`${params.id} ${delivery.attempt} ${delivery.id}`);
  if (delivery.attempt === 1) throw new Retry();
});
await broker.start();
