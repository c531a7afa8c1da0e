import { NatsBroker } from "@signalbox/nats";
import { delay } from "../../support/delay.ts";
import { seeded } from "../../unit/seeded_random.ts";
import { endWithParent } from "../end_with_parent.ts";
import { type Order, type Said, workOf } from "./work.ts";

/** If a turn of the event loop takes so many milliseconds, this process stood still. */
const STOOD_STILL = 100;

/** Resolves after a turn of the event loop in which this process did not stand still. */
async function turn(): Promise<void> {
  for (let began = -Infinity; Date.now() - began >= STOOD_STILL;) {
    began = Date.now();
    await delay(0);
  }
}

async function work({ url, seed, plan }: Order): Promise<void> {
  const random = seeded(seed);
  const write = new TextEncoder();
  let runs = 0;
  const broker = new NatsBroker(url, { logger: false });
  const options = { concurrency: plan.partitions };
  broker.subscriber(workOf(plan), options, async ({ params: { id: key }, body, signal }) => {
    const run = runs++;
    const say = (what: Said["what"]) => {
      const said: Said = { what, key, n: body as number, run, at: Date.now() };
      // writes the whole line before this process can be killed
      Deno.stdout.writeSync(write.encode(`${JSON.stringify(said)}\n`));
    };
    say("begin");
    const lost = () => say("lost");
    signal.addEventListener("abort", lost);
    try {
      await delay(2 + random(plan.work));
      // after a halt, this process learns of its lost messages one turn of the event loop later
      await turn();
      if (signal.aborted) return;
      if (random(plan.failing) > 0) return say("done");
      say("failed");
      throw new Error("not now");
    } finally {
      signal.removeEventListener("abort", lost);
    }
  });
  await broker.start();
  console.log("ready");
}

if (import.meta.main) {
  void endWithParent();
  await work(JSON.parse(Deno.args[0]!));
}
