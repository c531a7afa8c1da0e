/**
 * Works on unique jobs, at the server of its first argument, in the way of its second one: tells each one's body as it
 * begins; one that says `kill` kills the process at its first attempt. It ends once nothing is left.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { consumer, jetstream, type Unique, workQueue } from "../../../src/jetstream/mod.ts";
import { until } from "../nats_server/until.ts";

const [url, unique] = Deno.args as [string, Unique];
const jobs = workQueue("JOBS", { subjects: ["jobs.{kind}.{id}"], unique, declare: "create" });
const broker = new NatsBroker(url, { logger: false });
const work = consumer(jobs, "work", { ackWait: "500ms", confirm: true });
broker.subscriber(work, ({ body, delivery }) => {
  console.log(`${body} ${delivery.attempt}`);
  if (body === "kill" && delivery.attempt === 1) Deno.kill(Deno.pid, "SIGKILL");
});
await broker.start();
const js = jetstream(broker);
const isEmpty = async () => (await js.info(jobs)).messages === 0;
await until("all are done", isEmpty, { timeout: 30_000 });
await broker.stop();
