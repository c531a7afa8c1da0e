/**
 * Works on unique jobs until it is killed. The first argument is the server, the second one the value of `unique`. Prints the
 * body of each job when it begins.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { consumer, priority, type Unique, workQueue } from "../../../src/jetstream/mod.ts";
import { delay } from "../delay.ts";

const [url, unique] = Deno.args as [string, Unique];
const jobs = workQueue("JOBS", { subjects: ["jobs.{class}.{id}"], unique, declare: "create" });
const options = { ackWait: "1s", retry: { attempts: 20, backoff: "50ms" } } as const;
const urgent = consumer(jobs, "urgent", { subject: "jobs.urgent.{id}", ...options });
const normal = consumer(jobs, "normal", { subject: "jobs.normal.{id}", ...options });
const broker = new NatsBroker(url, { logger: false });
broker.subscriber(priority(urgent, normal), { concurrency: 2 }, async ({ body }) => {
  console.log(`${body}`);
  await delay(5);
});
await broker.start();
console.log("ready");
