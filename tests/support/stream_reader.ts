/**
 * The reader of a stream, as a process of its own: the URL of the server is its argument. It says "ready" once it has
 * the first part of `svc.endless`, reads no more, and ends when whoever started it is gone.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";

if (import.meta.main) {
  const broker = new NatsBroker(Deno.args[0]!, { logger: false });
  await broker.connect();
  const stream = broker.requestStream("svc.endless", null, { window: { messages: 4 } });
  await stream[Symbol.asyncIterator]().next();
  console.log("ready");
  // the other end is closed when its process ends, however it ends
  for await (const _ of Deno.stdin.readable);
  Deno.exit(1);
}
