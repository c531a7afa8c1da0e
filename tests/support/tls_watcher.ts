/**
 * Connects to the server of its argument, publishes a message, says what goes wrong, and ends once it has been connected
 * twice.
 *
 * @module
 */
import { type ConnectionError, NatsBroker } from "@signalbox/nats";

if (import.meta.main) {
  await using broker = new NatsBroker(Deno.args[0]!, {
    name: "watcher",
    logger: false,
    reconnect: { minDelay: 10, maxDelay: 30 },
  });
  const events = broker.events();
  await broker.connect();
  await broker.publish("watcher.connected");
  let connects = 0;
  for await (const event of events) {
    if (event.type === "error") {
      const { reason, message } = event.error as ConnectionError;
      console.log(`${reason ?? event.error.name}: ${message}`);
    }
    if (event.type === "connected" && ++connects === 2) break;
  }
  console.log("back");
}
