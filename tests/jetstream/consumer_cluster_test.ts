import { type Duration, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertLess } from "@std/assert";
import { consumer, stream } from "../../src/jetstream/mod.ts";
import { delay } from "../support/delay.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { NatsCluster } from "../support/nats_server/nats_cluster.ts";
import { until } from "../support/nats_server/until.ts";
import type { ConsumerInfo, StreamInfo } from "../support/jetstream/internals.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], numReplicas: 3, declare: "create" });

type Led = { readonly cluster?: { readonly leader?: string } };

/** The node that leads a stream or a consumer. */
function leaderOf(cluster: NatsCluster, { cluster: led }: Led): number {
  return cluster.nodes.findIndex(({ name }) => name === led?.leader);
}

async function working(cluster: NatsCluster, heartbeat: Duration = "2s") {
  const options = { logger: false, reconnect: { minDelay: 20, maxDelay: 100 } } as const;
  const broker = new NatsBroker(cluster.urls, { ...options, pingInterval: "1s" });
  const shop = await Workshop.at({
    broker: () => new NatsBroker(cluster.urls, { ...options, pingInterval: "1s" }),
  });
  await until("JetStream must have a leader", async () => {
    const { error } = await shop.broker.request<{ error?: unknown }>("$JS.API.INFO", undefined, {
      timeout: 1_000,
    })
      .then(({ body }) => body, () => ({ error: "none" }));
    return error === undefined;
  }, { timeout: 30_000 });
  const runs = new Map<string, number>();
  const times: number[] = [];
  const work = consumer(orders, "work", { confirm: true, ackWait: "5s", heartbeat });
  broker.subscriber(work, ({ params }) => {
    runs.set(params.id, (runs.get(params.id) ?? 0) + 1);
    times.push(performance.now());
  });
  await broker.start();
  return { broker, shop, runs, times };
}

Deno.test("consumer() loses nothing and runs nothing twice while the leaders of a cluster are killed in turn", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  const { broker, shop, runs } = await working(cluster);
  let isOver = false;
  let stored = 0;
  const storing = (async () => {
    while (!isOver) {
      await shop.store(`orders.${stored}`, 1);
      stored++;
      await delay(5);
    }
  })();
  for (const kind of ["stream", "consumer"] as const) {
    await delay(500);
    const info = kind === "stream"
      ? await shop.api.call<StreamInfo>("STREAM.INFO.ORDERS")
      : await shop.consumer("ORDERS", "work") as ConsumerInfo & Led;
    const node = leaderOf(cluster, info);
    assert(node >= 0, "it must have a leader");
    await cluster.kill(node);
    await delay(1_500);
    await cluster.restart(node);
    const before = stored;
    await until("it must go on", () => stored > before + 20, { timeout: 30_000 });
  }
  isOver = true;
  await storing;
  await until("all must be handled", () => runs.size === stored, { timeout: 30_000 });
  await shop.settled("ORDERS", "work", 30_000);
  assertEquals([...runs].filter(([, count]) => count > 1), []);
  await broker.stop();
  await shop.broker.stop();
});

Deno.test("consumer() goes on within a second of the new leader where the node of its leader stands still", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  const { broker, shop, runs, times } = await working(cluster, "5s");
  await shop.store("orders.first", 1);
  await until("the first must come", () => runs.has("first"));
  const info = await shop.consumer("ORDERS", "work") as ConsumerInfo & Led;
  const node = leaderOf(cluster, info);
  await cluster.nodes[node]!.suspend();
  try {
    const other = await until("there must be a new leader", async () => {
      const found = await shop.api.call<ConsumerInfo & Led>(
        "CONSUMER.INFO.ORDERS.work",
        undefined,
        {
          timeout: 1_000,
        },
      ).catch(() => undefined);
      return found?.cluster?.leader && found.cluster.leader !== info.cluster?.leader && found;
    }, { timeout: 60_000 });
    const led = performance.now();
    assert(other);
    await shop.store("orders.next", 2);
    const stored = performance.now();
    await until("the next must come", () => runs.has("next"), { timeout: 20_000 });
    // a second, and three more for a busy machine: less than until the next heartbeat
    assertLess(times.at(-1)! - Math.max(led, stored), 4_000);
  } finally {
    cluster.nodes[node]!.resume();
  }
  await shop.settled("ORDERS", "work", 30_000);
  assertEquals([...runs.values()], [1, 1]);
  await broker.stop();
  await shop.broker.stop();
});
