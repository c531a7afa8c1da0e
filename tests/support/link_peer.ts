/**
 * The serving side of streams and sessions, as a process of its own: the URL of the server is its argument. It says
 * "ready" once anyone finds it, and ends when whoever started it is gone.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { delay } from "./delay.ts";

async function serve(url: string): Promise<void> {
  const broker = new NatsBroker(url, { logger: false, reconnect: { minDelay: 20, maxDelay: 50 } });
  broker.session("svc.echo", async (session) => {
    for await (const { body } of session) await session.send(body);
  });
  broker.subscriber("svc.ticks", async function* ({ signal }) {
    for (let tick = 0; !signal.aborted; tick++) {
      yield tick;
      await delay(5);
    }
  });
  await broker.start();
  console.log("ready");
}

if (import.meta.main) {
  await serve(Deno.args[0]!);
  // the other end is closed when its process ends, however it ends
  for await (const _ of Deno.stdin.readable);
  Deno.exit(1);
}
