/**
 * Works on unique jobs; the first argument is the server, the second one the value of `unique`. Prints the body of each job
 * when it begins. The first attempt of a job with the body `kill` kills the process. Ends once no jobs are left.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { consumer, jetstream, type Unique, workQueue } from "../../../src/jetstream/mod.ts";
import { until } from "../nats_server/until.ts";

const [url, unique] = Deno.args as [string, Unique];
const jobs = workQueue("JOBS", { subjects: ["jobs.{kind}.{id}"], unique, declare: "create" });
const broker = new NatsBroker(url, { logger: false });
const work = consumer(jobs, "work", { ackWait: "2s", confirm: true });
broker.subscriber(work, ({ body, delivery }) => {
  console.log(`${body} ${delivery.attempt}`);
  if (body === "kill" && delivery.attempt === 1) Deno.kill(Deno.pid, "SIGKILL");
});
await broker.start();
const js = jetstream(broker);
const isEmpty = async () => (await js.info(jobs)).messages === 0;
await until("all are done", isEmpty, { timeout: 30_000 });
await broker.stop();
