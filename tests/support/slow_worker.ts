/**
 * Another program, in a thread of its own: it is given the URL of a server, says when it can be asked, and answers a little
 * later.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { delay } from "./delay.ts";

/** After how long it answers, in milliseconds. */
const LATER = 300;

addEventListener("message", async (event) => {
  const broker = new NatsBroker((event as MessageEvent<string>).data, { logger: false });
  broker.subscriber("slow", async ({ body }) => {
    await delay(LATER);
    return body;
  });
  await broker.start();
  (self as unknown as Worker).postMessage("ready");
});
