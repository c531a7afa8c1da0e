import type { BrokerOptions } from "@signalbox/nats";
import { delay } from "../../support/delay.ts";
import { until } from "../../support/nats_server/until.ts";
import type { Proxy } from "../../support/proxy.ts";
import type { Fault, Stage } from "./fault.ts";
import { about } from "./plan.ts";
import type { Sender } from "./sender.ts";
import { startServer, type Transport, urlOf, wayTo } from "./way.ts";
import { WallClock } from "./wall_clock.ts";

/** Bytes: less than what is published in any of the outages. */
const SMALL = 32_768;
const HOUR = 3_600_000;

/** The sender's way is closed for longer than its outbox has room for. */
export const outbox: Fault = {
  name: "outbox",
  title: "the outbox is full in a long outage",
  proofs: ["disconnects", "held", "refused"],
  full: { faults: 4, outage: 1_000 },
  quick: { outage: 600 },
  open: ({ outage, over }, random) =>
    withOutages(over, () => delay(about(outage, random)), { outboxLimit: SMALL }),
};

/** The wall clock jumps while the sender's way is closed, forwards and backwards in turn. */
export const clock: Fault = {
  name: "clock",
  title: "the clock jumps by an hour in outages",
  proofs: ["disconnects", "held"],
  quick: { faults: 4 },
  async open({ outage, over }, random) {
    await using opening = new AsyncDisposableStack();
    const wall = opening.use(new WallClock());
    const stage = opening.use(
      await withOutages(over, async (fault) => {
        await delay(about(outage, random) / 2);
        wall.jump(fault % 2 === 0 ? HOUR : -HOUR);
        await delay(about(outage, random) / 2);
      }),
    );
    const opened = opening.move();
    return { ...stage, [Symbol.asyncDispose]: () => opened.disposeAsync() };
  },
};

/** The sender's way is closed for as long as `last` takes. */
async function withOutages(
  over: Transport,
  last: (fault: number) => Promise<void>,
  senderOptions: BrokerOptions = {},
): Promise<Stage> {
  await using opening = new AsyncDisposableStack();
  const server = opening.use(await startServer());
  const proxy = opening.use(await wayTo(server, over));
  const opened = opening.move();
  return {
    sender: [proxy.url],
    senderOptions,
    readers: [urlOf(server, over)],
    services: [[urlOf(server, over)]],
    strike: async (fault, { sender }) => {
      await disconnect(sender, proxy);
      await last(fault);
      proxy.accept();
      await sender.recovered();
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function disconnect(sender: Sender, proxy: Proxy): Promise<void> {
  const before = sender.breaks.length;
  await proxy.refuse();
  // so that the event may tell of nearly nothing
  await sender.recovered();
  proxy.cut();
  await until("the sender must notice", () => sender.breaks.length > before);
}
