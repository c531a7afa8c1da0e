/** Runs a broker that waits for a server, and says what it hears. */
import { type ConnectionError, NatsBroker } from "@signalbox/nats";

const broker = new NatsBroker(Deno.args[0]!, { waitOnFirstConnect: true, logger: false });
const events = broker.events();
void (async () => {
  for await (const { type } of events) console.log(type);
})();
try {
  await broker.run();
  console.log("stopped");
} catch (error) {
  console.log((error as ConnectionError).reason, (error as Error).message);
}
