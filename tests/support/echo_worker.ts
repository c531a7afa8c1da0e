/**
 * The other side of a session, in a thread of its own: it is given the URL of a server, and says when it can be found.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";

addEventListener("message", async (event) => {
  const broker = new NatsBroker((event as MessageEvent<string>).data, { logger: false });
  broker.session("echo", async (session) => {
    for await (const { body } of session) await session.send(body);
  });
  await broker.start();
  (self as unknown as Worker).postMessage("ready");
});
