import { NatsBroker, TimeoutError } from "@signalbox/nats";
import { jetstream, stream } from "@signalbox/nats/jetstream";
import { assert, assertEquals } from "@std/assert";
import { delay } from "../support/delay.ts";
import { started } from "../support/jetstream/started.ts";
import { NatsCluster } from "../support/nats_server/nats_cluster.ts";
import { until } from "../support/nats_server/until.ts";
import type { StreamInfo } from "../support/jetstream/internals.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], numReplicas: 3, declare: "create" });

Deno.test("js.read() gives each message once while nodes of a cluster are killed, stopped and step down", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  const options = { logger: false, reconnect: { minDelay: 20, maxDelay: 100 } } as const;
  await using broker = new NatsBroker(cluster.urls, options);
  const js = jetstream(broker, { streams: [orders] });
  await until(
    "the cluster must have a leader",
    () => broker.start().then(() => true, () => false),
    {
      timeout: 30_000,
    },
  );
  await using other = new NatsBroker(cluster.urls, options);
  const { api } = await started({ broker: () => other });
  const leader = async () => {
    const { cluster: { leader } = {} } = await api.call<StreamInfo>("STREAM.INFO.ORDERS");
    return cluster.nodes.findIndex(({ name }) => name === leader);
  };
  let stored = 0;
  const store = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await js.publish(`orders.${stored}`, stored, { timeout: "30s" });
      stored++;
    }
  };
  await store(20);
  const reader = js.read<string, number>(orders, { from: { seq: 11 } });
  const seen: number[] = [];
  const reading = (async () => {
    for await (const { delivery } of reader) seen.push(delivery.seq);
  })();
  const caughtUp = () =>
    until("all must be read", () => seen.at(-1) === stored, { timeout: 30_000 });
  await caughtUp();
  for (let turn = 0; turn < 2; turn++) {
    const at = await leader();
    await cluster.kill(at);
    await store(20);
    await caughtUp();
    await cluster.restart(at);
    const stopped = await until("there must be a leader", async () => {
      const found = await leader().catch(() => -1);
      return found >= 0 && found + 1;
    });
    const node = cluster.nodes[stopped - 1]!;
    await node.suspend();
    await delay(1_500);
    node.resume();
    await store(20);
    await caughtUp();
    await api.call("STREAM.LEADER.STEPDOWN.ORDERS").catch(() => {});
    await store(20);
    await caughtUp();
  }
  assertEquals(seen, Array.from({ length: stored - 10 }, (_, at) => at + 11));
  assert(stored === 140);
  await reader.close();
  await reading;
});

Deno.test("js.read() until now is whole while a node that was away gets what it lacks", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  const options = { logger: false, reconnect: { minDelay: 20, maxDelay: 100 } } as const;
  await using broker = new NatsBroker(cluster.urls, options);
  const js = jetstream(broker, { streams: [orders] });
  const start = () => broker.start().then(() => true, () => false);
  await until("the cluster must have a leader", start, { timeout: 30_000 });
  const count = 20_000;
  const whole = (from: { readonly seq: number }) =>
    Array.fromAsync(js.read(orders, { from, until: "now" })).catch((error) => {
      if (error instanceof TimeoutError) return undefined;
      throw error;
    });
  for (let turn = 1; turn <= 2; turn++) {
    const { leader } = await js.info(orders);
    const follower = cluster.nodes.findIndex(({ name }) => name !== leader);
    await cluster.kill(follower);
    const bodies = Array.from({ length: count }, (_, at) => at);
    while (bodies.length > 0) {
      const some = bodies.splice(0, 500);
      await Promise.all(some.map((at) => js.publish(`orders.${at}`, at, { timeout: "60s" })));
    }
    await cluster.restart(follower);
    // the last few are read, as that takes no time, and so can begin while the node still lacks them
    const from = { seq: turn * count - 200 };
    for (let round = 0; round < 60; round++) {
      // a node that is only just starting may leave a read without an answer
      const read = await until("all must be read", () => whole(from), { timeout: 60_000 });
      assertEquals(read.length, 201);
    }
  }
});
