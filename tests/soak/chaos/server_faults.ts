import { delay } from "../../support/delay.ts";
import { NatsCluster } from "../../support/nats_server/nats_cluster.ts";
import type { NatsServer } from "../../support/nats_server/nats_server.ts";
import { until } from "../../support/nats_server/until.ts";
import type { Fault } from "./fault.ts";
import { NEWS } from "./news.ts";
import { about } from "./plan.ts";
import { WORK } from "./service.ts";
import { startServer, urlOf, wayTo } from "./way.ts";

/** The server is killed and started again; the sender's way stays closed until the others listen again. */
export const kills: Fault = {
  name: "kills",
  title: "the server is killed and restarted",
  proofs: ["disconnects", "held"],
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
  async open({ pause, over }) {
    const server = await startServer();
    return {
      sender: [urlOf(server, over)],
      readers: [urlOf(server, over)],
      services: [[urlOf(server, over)]],
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

/** The nodes of a cluster say that they leave, close their connections, and are started again, in turn. */
export const lameDuck: Fault = {
  name: "lame duck",
  title: "the nodes of a cluster leave in lame duck mode, in turn",
  proofs: ["disconnects"],
  full: { faults: 3 },
  quick: { faults: 1 },
  async open({ outage }, random) {
    // the shortest that they take; with few clients they close one a second
    const config = 'lame_duck_duration: "30s", lame_duck_grace_period: "1ms"';
    const nodes = await NatsCluster.start(3, { config });
    return {
      sender: nodes.urls,
      readers: nodes.urls,
      services: nodes.urls.map((url) => [url, ...nodes.urls.filter((other) => other !== url)]),
      strike: async (fault, { sender }) => {
        const leaving = fault % 3;
        await nodes.leave(leaving);
        await sender.recovered();
        await delay(about(outage, random));
        await nodes.restart(leaving);
        await subscribed(nodes.nodes[leaving]!, NEWS);
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
