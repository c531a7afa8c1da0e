import { delay } from "../../support/delay.ts";
import { NatsCluster } from "../../support/nats_server/nats_cluster.ts";
import { NatsServer } from "../../support/nats_server/nats_server.ts";
import { until } from "../../support/nats_server/until.ts";
import { Proxy } from "../../support/proxy.ts";
import { pick, type Random } from "../../unit/seeded_random.ts";
import { Party } from "./party.ts";
import { MAX_PAYLOAD } from "./plan.ts";
import type { Scenario } from "./scenario.ts";

export const CONFIG = `max_payload: ${MAX_PAYLOAD}`;

const serve = Party.serve;
const ending = "complete";

/** The server is killed and started again. */
export const restarts: Scenario = {
  name: "restarts",
  ending,
  serve,
  async open({ outage }, random) {
    const server = await NatsServer.start({ config: CONFIG });
    return {
      ...both(server.url),
      strike: async () => {
        await server.kill();
        await delay(random(outage));
        await server.restart();
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};

/** The nodes of a cluster are killed and started again, in turn. */
export const cluster: Scenario = {
  name: "cluster",
  ending,
  serve,
  async open({ outage }, random) {
    const nodes = await NatsCluster.start(3, { config: CONFIG });
    return {
      client: nodes.urls,
      service: nodes.urls,
      strike: async (fault) => {
        await nodes.kill(fault % 3);
        await delay(random(outage));
        await nodes.restart(fault % 3);
      },
      [Symbol.asyncDispose]: () => nodes[Symbol.asyncDispose](),
    };
  },
};

/** The server stands still for a while, with all sockets open. */
export const pauses: Scenario = {
  name: "pauses",
  ending,
  full: { faults: 6 },
  quick: { faults: 1 },
  serve,
  async open({ pause }) {
    const server = await NatsServer.start({ config: CONFIG });
    return {
      ...both(server.url),
      strike: async () => {
        await server.suspend();
        await delay(pause);
        server.resume();
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};

/** The connection of either side, or of both, is cut in the middle of whatever goes over it. */
export const cuts: Scenario<Party> = {
  name: "cuts",
  ending,
  full: { faults: 60 },
  quick: { faults: 6 },
  serve,
  async open(_, random) {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await NatsServer.start({ config: CONFIG }));
    const client = stack.use(await Proxy.start(server.port));
    const service = stack.use(await Proxy.start(server.port));
    const made = stack.move();
    return {
      client: [client.url],
      service: [service.url],
      strike: async (_, parties) => {
        const which = 1 + random(3);
        await Promise.all([
          which & 1 ? cut(client, parties.client, random) : undefined,
          which & 2 ? cut(service, parties.service, random) : undefined,
        ]);
      },
      [Symbol.asyncDispose]: () => made.disposeAsync(),
    };
  },
};

async function cut(proxy: Proxy, party: Party, random: Random): Promise<void> {
  const before = party.disconnects;
  proxy.cutAfter(1 + random(4_000), pick(random, ["toServer", "toClient", undefined]));
  const isCut = () => party.disconnects > before;
  // too little may be left to be said for so many bytes
  await until("the connection must be cut", isCut, { timeout: 500 }).catch(() => proxy.cut());
}

function both(url: string): { readonly client: string[]; readonly service: string[] } {
  return { client: [url], service: [url] };
}
