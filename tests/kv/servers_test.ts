import { NatsBroker } from "@signalbox/nats";
import { kv } from "@signalbox/nats/kv";
import { assertEquals, assertRejects } from "@std/assert";
import { delay } from "../support/delay.ts";
import { Interrupted } from "../support/jetstream/interrupted.ts";
import { started } from "../support/jetstream/started.ts";
import { NatsCluster } from "../support/nats_server/nats_cluster.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import type { StreamInfo } from "../support/jetstream/internals.ts";

const QUICK = { logger: false, reconnect: { minDelay: 20, maxDelay: 100 } } as const;

Deno.test("A bucket of three replicas counts and mirrors while its leaders are killed", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  const brokers = Array.from({ length: 3 }, () => new NatsBroker(cluster.urls, QUICK));
  await using stack = new AsyncDisposableStack();
  for (const broker of brokers) stack.defer(() => broker.stop({ timeout: 2_000 }));
  const options = { declare: "create", replicas: 3, batch: true, timeout: "90s" } as const;
  const counts = brokers.map((broker) => kv<number>(broker, "counts", options));
  for (const broker of brokers) {
    const start = () => broker.start().then(() => true, () => false);
    await until("the cluster must have a leader", start, { timeout: 30_000 });
  }
  const { api } = await started({ broker: () => stack.use(new NatsBroker(cluster.urls, QUICK)) });
  const live = await counts[0]!.mirror().ready;
  let added = 0;
  let isOver = false;
  const adding = Promise.all(counts.map(async (bucket) => {
    while (!isOver) {
      await bucket.change("n", (old = 0) => old + 1);
      added++;
      await bucket.batch((batch) => batch.put("pair.a", added).put("pair.b", added));
      await delay(10);
    }
  }));
  // the first error is that of the test
  adding.catch(() => {});
  for (let turn = 0; turn < 2; turn++) {
    const at = await until("the bucket must have a leader", async () => {
      const info = await api.call<StreamInfo>("STREAM.INFO.KV_counts", {}, { timeout: "30s" });
      const index = cluster.nodes.findIndex(({ name }) => name === info.cluster?.leader);
      return index >= 0 && `${index}`;
    }, { timeout: 60_000 });
    await cluster.kill(Number(at));
    const before = added;
    await until("the others go on", () => added > before + 20, { timeout: 60_000 });
    await cluster.restart(Number(at));
  }
  isOver = true;
  await adding;
  const entry = await until("the servers agree", async () => {
    const found = await counts[1]!.entry("n");
    return found?.value === added && found;
  });
  await until("the mirror has it", () => live.get("n") === entry.value, { timeout: 20_000 });
  assertEquals(live.get("pair.a"), live.get("pair.b"));
});

Deno.test("A bucket of a domain is reached by its name", async () => {
  const config = 'jetstream: { store_dir: "streams", domain: hub }';
  await using server = await NatsServer.start({ config });
  await using broker = new NatsBroker(server.url, QUICK);
  const hub = kv<number>(broker, "b", { domain: "hub", declare: "create", batch: true });
  const here = kv<number>(broker, "b", { declare: "leave" });
  const away = kv(broker, "b", { domain: "away", timeout: 300 });
  await assertRejects(() => broker.start(), Error, 'of the domain "away"');
  await hub.put("a", 1);
  await hub.batch((batch) => batch.put("b", 2).put("c", 3));
  const live = await hub.mirror().ready;
  assertEquals([...live], [["a", 1], ["b", 2], ["c", 3]]);
  assertEquals((await here.change("a", (old) => old! + 1))?.value, 2);
  await until("it follows", () => live.get("a") === 2);
  assertEquals((await Array.fromAsync(hub.keys())).sort(), ["a", "b", "c"]);
  await assertRejects(() => away.get("a"), Error);
});

Deno.test("Reads of a bucket leave no consumer behind", async () => {
  await using test = await Interrupted.start();
  const bucket = kv<number>(test.reader.broker, "b", { declare: "create" });
  for (let at = 0; at < 10; at++) await bucket.put(`k.${at}`, at);
  for (let round = 0; round < 20; round++) {
    await Array.fromAsync(bucket.keys());
    for await (const _ of bucket.history()) break;
    for await (const _ of bucket.changes()) break;
    await using _reader = await bucket.changes(">", { updatesOnly: true }).open();
    await using _live = await bucket.mirror().ready;
  }
  const handler = test.reader.broker.subscriber(bucket.changes(), () => {});
  await handler.start();
  await handler.received(10);
  await handler.stop();
  await until("all are gone", async () => (await test.consumers("KV_b")).length === 0);
  const live = await bucket.mirror().ready;
  await test.reader.broker.stop();
  assertEquals([await test.consumers("KV_b"), live.size], [[], 10]);
});
