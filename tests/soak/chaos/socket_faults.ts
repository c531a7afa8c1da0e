import { delay } from "../../support/delay.ts";
import { until } from "../../support/nats_server/until.ts";
import type { Proxy } from "../../support/proxy.ts";
import { pick, type Random } from "../../unit/seeded_random.ts";
import type { Fault } from "./fault.ts";
import { about } from "./plan.ts";
import { startServer, urlOf, wayTo } from "./way.ts";

/** The connection of the sender or of the service, or of both, is cut in the middle of whatever goes over it. */
export const cuts: Fault = {
  name: "cuts",
  title: "connections are cut at any byte",
  proofs: ["disconnects"],
  full: { faults: 40, calm: 100 },
  quick: { faults: 6 },
  async open({ over }, random) {
    await using opening = new AsyncDisposableStack();
    const server = opening.use(await startServer());
    const forSender = opening.use(await wayTo(server, over));
    const forService = opening.use(await wayTo(server, over));
    const opened = opening.move();
    return {
      sender: [forSender.url],
      readers: [urlOf(server, over)],
      services: [[forService.url]],
      strike: async (_, { sender, services }) => {
        const which = 1 + random(3);
        await Promise.all([
          which & 1 ? cut(forSender, () => sender.breaks.length, random) : undefined,
          which & 2 ? cut(forService, () => services[0]!.disconnects, random) : undefined,
        ]);
        await sender.recovered();
      },
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  },
};

/** The sender's socket takes nothing more for a while, until what waits for it has filled it, and is cut then. */
export const stalls: Fault = {
  name: "stalls",
  title: "a socket stalls, and is cut",
  proofs: ["disconnects"],
  full: { faults: 6, size: 16_000, outage: 600 },
  quick: { size: 48_000, outage: 400 },
  async open({ outage, over }, random) {
    await using opening = new AsyncDisposableStack();
    const server = opening.use(await startServer());
    const proxy = opening.use(await wayTo(server, over));
    const opened = opening.move();
    return {
      sender: [proxy.url],
      readers: [urlOf(server, over)],
      services: [[urlOf(server, over)]],
      strike: async (_, { sender }) => {
        const before = sender.breaks.length;
        // so that the event may tell of no more than what goes into the socket from now on
        await sender.recovered();
        proxy.stall();
        await delay(about(outage, random));
        proxy.cut();
        proxy.resume();
        await until("the sender must notice", () => sender.breaks.length > before);
        await sender.recovered();
      },
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  },
};

/** How often a server hangs up in a row. */
const HANG_UPS = 4;
/** Bytes from the server by which a client is let in, and little more: its INFO is about 400, a WebSocket's answer 130. */
const LET_IN = 1_000;

/** The sender's connection is cut, and cut again as soon as the server has let it in. */
export const hangUps: Fault = {
  name: "hang ups",
  title: "the server hangs up after letting in, four times in a row",
  proofs: ["disconnects"],
  full: { faults: 4 },
  quick: { faults: 1 },
  async open({ over }, random) {
    await using opening = new AsyncDisposableStack();
    const server = opening.use(await startServer());
    const proxy = opening.use(await wayTo(server, over));
    const opened = opening.move();
    return {
      sender: [proxy.url],
      readers: [urlOf(server, over)],
      services: [[urlOf(server, over)]],
      strike: async (_, { sender }) => {
        for (let times = 0; times < HANG_UPS; times++) {
          const before = sender.breaks.length;
          if (times === 0) proxy.cut();
          proxy.cutAfter(LET_IN + random(LET_IN), "toClient");
          await until("the sender must notice", () => sender.breaks.length > before);
        }
        await sender.recovered();
      },
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  },
};

async function cut(proxy: Proxy, disconnects: () => number, random: Random): Promise<void> {
  const before = disconnects();
  const isCut = () => disconnects() > before;
  proxy.cutAfter(1 + random(4_000), pick(random, ["toServer", "toClient", undefined]));
  // too little may be left to be said for so many bytes
  await until("the connection must be cut", isCut, { timeout: 300 }).catch(() => proxy.cut());
  await until("whoever was cut off must notice", isCut);
}
