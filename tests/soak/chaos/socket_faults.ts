import { delay } from "../../support/delay.ts";
import { NatsServer } from "../../support/nats_server/nats_server.ts";
import { until } from "../../support/nats_server/until.ts";
import { Proxy } from "../../support/proxy.ts";
import { pick, type Random } from "../../unit/seeded_random.ts";
import type { Fault } from "./fault.ts";
import { about } from "./plan.ts";

/** The connection of the sender or of the service, or of both, is cut in the middle of whatever goes over it. */
export const cuts: Fault = {
  name: "cuts",
  title: "connections are cut at any byte",
  proofs: ["disconnects"],
  full: { faults: 40, calm: 100 },
  quick: { faults: 6 },
  async open(_, random) {
    await using opening = new AsyncDisposableStack();
    const server = opening.use(await NatsServer.start());
    const forSender = opening.use(await Proxy.start(server.port));
    const forService = opening.use(await Proxy.start(server.port));
    const opened = opening.move();
    return {
      sender: [forSender.url],
      readers: [server.url],
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
  async open({ outage }, random) {
    await using opening = new AsyncDisposableStack();
    const server = opening.use(await NatsServer.start());
    const proxy = opening.use(await Proxy.start(server.port));
    const opened = opening.move();
    return {
      sender: [proxy.url],
      readers: [server.url],
      services: [[server.url]],
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

async function cut(proxy: Proxy, disconnects: () => number, random: Random): Promise<void> {
  const before = disconnects();
  const isCut = () => disconnects() > before;
  proxy.cutAfter(1 + random(4_000), pick(random, ["toServer", "toClient", undefined]));
  // too little may be left to be said for so many bytes
  await until("the connection must be cut", isCut, { timeout: 300 }).catch(() => proxy.cut());
  await until("whoever was cut off must notice", isCut);
}
