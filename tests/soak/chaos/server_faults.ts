import { delay } from "../../support/delay.ts";
import { NatsCluster } from "../../support/nats_server/nats_cluster.ts";
import { NatsServer } from "../../support/nats_server/nats_server.ts";
import { until } from "../../support/nats_server/until.ts";
import { Proxy } from "../../support/proxy.ts";
import type { Fault } from "./fault.ts";
import { NEWS } from "./news.ts";
import { about } from "./plan.ts";
import { WORK } from "./service.ts";

/** The server is killed and started again; the sender's way stays closed until the others listen again. */
export const kills: Fault = {
  name: "kills",
  title: "the server is killed and restarted",
  proofs: ["disconnects", "held"],
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
        await proxy.refuse();
        await server.kill();
        await delay(about(outage, random));
        await server.restart();
        await subscribed(server, NEWS, WORK);
        proxy.accept();
        await sender.recovered();
      },
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  },
};

/** The server stands still for a while, with all sockets open. */
export const pauses: Fault = {
  name: "pauses",
  title: "the server stands still (SIGSTOP)",
  proofs: ["timeouts"],
  full: { faults: 3 },
  quick: { faults: 1 },
  async open({ pause }) {
    const server = await NatsServer.start();
    return {
      sender: [server.url],
      readers: [server.url],
      services: [[server.url]],
      strike: async (_, { sender }) => {
        await server.suspend();
        await delay(pause);
        server.resume();
        await sender.recovered();
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};

/** The nodes of a cluster are killed and started again, in turn, with a reader at each. */
export const cluster: Fault = {
  name: "cluster",
  title: "the nodes of a cluster are killed in turn",
  proofs: ["disconnects"],
  full: { faults: 9 },
  quick: { faults: 3 },
  async open({ outage }, random) {
    const nodes = await NatsCluster.start(3);
    return {
      sender: nodes.urls,
      readers: nodes.urls,
      services: nodes.urls.map((url) => [url, ...nodes.urls.filter((other) => other !== url)]),
      strike: async (fault, { sender }) => {
        const down = fault % 3;
        await nodes.kill(down);
        // a sender that comes back to this node before its reader does would be heard by nobody
        await sender.recovered();
        await delay(about(outage, random));
        await nodes.restart(down);
        await subscribed(nodes.nodes[down]!, NEWS);
      },
      [Symbol.asyncDispose]: () => nodes[Symbol.asyncDispose](),
    };
  },
};

async function subscribed(server: NatsServer, ...subjects: readonly string[]): Promise<void> {
  await until("those who listen must be back", async () => {
    const { connections } = await server.monitor("/connz?subs=1");
    const found = new Set<string>();
    for (const { subscriptions_list = [] } of connections) {
      for (const subject of subscriptions_list) found.add(subject);
    }
    return subjects.every((subject) => found.has(subject));
  });
}
