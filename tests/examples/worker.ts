/** A worker of a queue group, that runs until it is told to end; it takes its time for each message. */
import { NatsBroker } from "@signalbox/nats";

const [server, milliseconds = "100"] = Deno.args;
const broker = new NatsBroker(server, { logger: false });
broker.subscriber("work", { queue: "workers" }, async ({ body }) => {
  await new Promise((resolve) => setTimeout(resolve, Number(milliseconds)));
  return body;
});
const events = broker.events();
void (async () => {
  for await (const { type } of events) if (type === "connected") console.log("connected");
})();
await broker.run();
console.log("stopped");
