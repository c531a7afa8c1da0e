/**
 * One worker of a queue group, as a process of its own: the URL of the server is its argument. It says "ready" once
 * anyone's request finds it, and ends when it is told to, or when whoever started it is gone.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { delay } from "../support/delay.ts";
import { endWithParent } from "./end_with_parent.ts";

/** What a request says: its number, and the milliseconds that its handler waits. */
export interface Work {
  readonly n: number;
  readonly wait: number;
}

async function work(url: string): Promise<void> {
  const broker = new NatsBroker(url);
  const options = { queue: "workers" };
  broker.subscriber("work.now", options, ({ body }) => (body as Work).n);
  broker.subscriber("work.later", options, async ({ body }) => {
    const { n, wait } = body as Work;
    await delay(wait);
    return n;
  });
  const running = broker.run();
  await broker.start();
  console.log("ready");
  await running;
}

if (import.meta.main) {
  void endWithParent();
  await work(Deno.args[0]!);
  Deno.exit(0); // standard input is still being read
}
