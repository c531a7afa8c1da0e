/**
 * Works on urgent and normal jobs; the first argument is the server. The first attempt of a job named `killer` kills the
 * process. Prints every other job, and ends once all jobs are done.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { consumer, jetstream, priority, workQueue } from "../../../src/jetstream/mod.ts";
import { until } from "../nats_server/until.ts";

const jobs = workQueue("JOBS", { subjects: ["jobs.{class}.{id}"], declare: "create" });
const options = { ackWait: "300ms", confirm: true } as const;
const urgent = consumer(jobs, "urgent", { subject: "jobs.urgent.{id}", ...options });
const normal = consumer(jobs, "normal", { subject: "jobs.normal.{id}", ...options });
const broker = new NatsBroker(Deno.args[0]!, { logger: false });
broker.subscriber(priority(urgent, normal), { concurrency: 2 }, ({ params, delivery }) => {
  if (params.id.startsWith("killer") && delivery.attempt === 1) Deno.kill(Deno.pid, "SIGKILL");
  console.log(`${delivery.consumer}.${params.id}`);
});
await broker.start();
const js = jetstream(broker);
const left = async () => (await js.lag(urgent)).total + (await js.lag(normal)).total;
await until("all are done", async () => await left() === 0, { timeout: 30_000 });
await broker.stop();
