/**
 * Connects to the server of its argument, says what it hears, and ends with its input.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";

if (import.meta.main) {
  const broker = new NatsBroker(Deno.args[0]!, {
    logger: false,
    connectTimeout: 10_000,
    reconnect: { minDelay: 5, maxDelay: 10 },
  });
  void (async () => {
    for await (const event of broker.events()) {
      const { type } = event;
      console.log(JSON.stringify(type === "error" ? [type, event.error.message] : [type]));
    }
  })();
  await broker.connect();
  for await (const _ of Deno.stdin.readable);
  await broker.stop();
}
