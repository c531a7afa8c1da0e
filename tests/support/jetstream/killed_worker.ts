/**
 * Works on the orders of a stream, at the server of its first argument: an order named `killer` kills the process, and
 * any other one is told on its output. It ends by itself some time after `last` was handled.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { consumer, stream } from "../../../src/jetstream/mod.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
const work = consumer(orders, "work", { ackWait: "300ms", retry: { attempts: 2 }, confirm: true });
const broker = new NatsBroker(Deno.args[0]!, { logger: false });
const last = Promise.withResolvers<void>();
broker.subscriber(work, { concurrency: 1 }, ({ params }) => {
  console.log(params.id);
  if (params.id === "killer") Deno.kill(Deno.pid, "SIGKILL");
  if (params.id === "last") last.resolve();
});
await broker.start();
await last.promise;
// what a killed process had comes again after `ackWait`, which a process that starts fast may not have seen the end of
await new Promise((resolve) => setTimeout(resolve, 1_000));
await broker.stop();
