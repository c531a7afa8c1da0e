/**
 * The opening side of a session, as a process of its own: the URL of the server is its argument. It says "ready" once
 * it has opened `svc.talk` and said something, and ends when whoever started it is gone.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";

if (import.meta.main) {
  const broker = new NatsBroker(Deno.args[0]!, { logger: false });
  await broker.connect();
  const session = await broker.openSession("svc.talk");
  await session.send("hello");
  console.log("ready");
  // the other end is closed when its process ends, however it ends
  for await (const _ of Deno.stdin.readable);
  Deno.exit(1);
}
