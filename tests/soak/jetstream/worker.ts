/**
 * A worker on a stream, as a process of its own; what it is to do is its argument, as JSON. It says "ready" once it has
 * begun, and appends to its journal, in a way that outlives its being killed, what it begins and what is confirmed.
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { Reject } from "@signalbox/nats/jetstream";
import { delay } from "../../support/delay.ts";
import { endWithParent } from "../end_with_parent.ts";
import { Journal } from "./journal.ts";
import { kindOf } from "./plan.ts";
import type { Order } from "./side.ts";
import { type Job, workOf } from "./work.ts";
import { AckKeeper } from "../../support/jetstream/internals.ts";

/** Has the journal told of each acknowledgement that the server has confirmed; no program is told of that. */
function tellConfirmed(journal: Journal): void {
  const { confirmed } = AckKeeper.prototype;
  AckKeeper.prototype.confirmed = async function (held) {
    const isConfirmed = await confirmed.call(this, held);
    if (isConfirmed) journal.confirmed(held.seq);
    return isConfirmed;
  };
}

async function work({ servers, journal: path, plan }: Order): Promise<void> {
  using journal = new Journal(path);
  tellConfirmed(journal);
  const broker = new NatsBroker([...servers], {
    reconnect: { minDelay: 50, maxDelay: 500 },
    pingInterval: "2s",
    logger: false,
  });
  void (async () => {
    for await (const event of broker.events()) {
      if (event.type === "error") journal.error(event.error.message);
    }
  })();
  const { concurrency, kinds } = plan;
  broker.subscriber(workOf(plan), { concurrency }, async ({ body, delivery }) => {
    const { n } = body as Job;
    journal.began(n, delivery.seq, delivery.attempt);
    const kind = kindOf(n, kinds);
    // the others that run beside a killer are done, and confirmed, before it kills the process
    await delay(kind === "killer" ? 300 : n % 20);
    if (kind === "killer") Deno.kill(Deno.pid, "SIGKILL");
    if (kind === "rejected") throw new Reject("it is not wanted");
    if (kind === "poison") throw new Error("it is poison");
    journal.done(n);
  });
  const running = broker.run();
  await broker.start();
  console.log("ready");
  await running;
}

if (import.meta.main) {
  void endWithParent();
  await work(JSON.parse(Deno.args[0]!));
  Deno.exit(0); // standard input is still being read
}
