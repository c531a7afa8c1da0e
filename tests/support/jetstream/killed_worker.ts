/**
 * Works on the orders of a stream, at the server of its first argument: an order named `killer` kills the process, and
 * any other one is told on its output, once, as it may come again where the machine is busy for longer than `ackWait`. It
 * ends once all orders are settled.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { consumer, jetstream, stream } from "../../../src/jetstream/mod.ts";
import { until } from "../nats_server/until.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
const work = consumer(orders, "work", { ackWait: "300ms", retry: { attempts: 2 }, confirm: true });
const broker = new NatsBroker(Deno.args[0]!, { logger: false });
const told = new Set<string>();
broker.subscriber(work, { concurrency: 1 }, ({ params }) => {
  if (!told.has(params.id)) console.log(params.id);
  told.add(params.id);
  if (params.id === "killer") Deno.kill(Deno.pid, "SIGKILL");
});
await broker.start();
const js = jetstream(broker);
await until("all are settled", async () => (await js.lag(work)).total === 0);
await broker.stop();
