import { NatsBroker } from "@signalbox/nats";
import { consumer, stream } from "../../../src/jetstream/mod.ts";

/** The stream and the consumer of workers that are killed. */
export const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
export const work = consumer(orders, "work", {
  key: "id",
  partitions: 8,
  ackWait: "2s",
  retry: { attempts: 50, backoff: "10ms" },
});

/** What a worker says of a message. */
export interface Said {
  readonly what: "begin" | "done" | "failed";
  readonly key: string;
  readonly at: number;
  readonly body: number;
}

if (import.meta.main) {
  const say = (said: Said) => console.log(JSON.stringify(said));
  const broker = new NatsBroker(Deno.args[0]!, { logger: false });
  broker.subscriber(work, async ({ params: { id: key }, body, signal }) => {
    const of = (what: Said["what"]) => say({ what, key, body: body as number, at: Date.now() });
    of("begin");
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
    if (Math.random() < 0.05) {
      of("failed");
      throw new Error("not now");
    }
    // a process that stood still goes on here, before the timer that tells it so
    await new Promise((resolve) => setTimeout(resolve));
    // it has lost the message then
    if (!signal.aborted) of("done");
  });
  await broker.start();
  console.log("ready");
}
