import { NatsBroker } from "@signalbox/nats";
import { objects } from "@signalbox/nats/obj";
import { assert, assertEquals } from "@std/assert";
import { delay } from "../support/delay.ts";
import { NatsCluster } from "../support/nats_server/nats_cluster.ts";
import { until } from "../support/nats_server/until.ts";
import { askJetStream, bytesOf, chunksIn, readWhole, streamOf } from "../support/objects.ts";
import { within } from "../support/within.ts";

const BYTES = bytesOf(18_000_000);
const LIMIT = 60_000;
const QUICK = { logger: false, reconnect: { minDelay: 20, maxDelay: 100 } } as const;

/** A bucket, of three replicas unless said otherwise. */
async function replicated(cluster: NatsCluster, replicas = 3) {
  const broker = new NatsBroker(cluster.urls, { ...QUICK, pingInterval: "1s" });
  const files = objects(broker, "files", { declare: "create", replicas });
  await broker.connect();
  await until("JetStream has a leader", async () => {
    const { error } = await askJetStream(broker, "INFO").catch(() => ({ error: "none" }));
    return error === undefined;
  }, { timeout: 30_000 });
  await broker.start();
  /** The node that leads the bucket. */
  const leader = async (): Promise<number> => {
    const { cluster: led } = await askJetStream(broker, "STREAM.INFO.OBJ_files");
    return cluster.nodes.findIndex(({ name }) => name === led?.leader);
  };
  return { broker, files, leader };
}

Deno.test("Objects.put() keeps every byte in order while the leaders of its bucket are killed", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  const { broker, files, leader } = await replicated(cluster);
  let kills = 0;
  const restarts: Promise<void>[] = [];
  const body = streamOf(BYTES, 200_000, async (sent) => {
    if (sent === 0 || sent % 6_000_000 !== 0 || sent === BYTES.length) return;
    const node = await until("there is a leader", async () => {
      const found = await leader().catch(() => -1);
      return found >= 0 && { found };
    });
    await cluster.kill(node.found);
    kills++;
    restarts.push(delay(1_500).then(() => cluster.restart(node.found)));
  });
  const put = await within("it must be stored", files.put("x", body), LIMIT);
  assertEquals(kills, 2);
  await Promise.all(restarts);
  assertEquals(await readWhole(await files.get("x")), BYTES);
  assertEquals(await chunksIn(broker), { [`$O.files.C.${put.id}`]: put.chunks });
  await broker.stop();
});

Deno.test("Objects.put() keeps every byte in order while the leader of its bucket is frozen", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  const { broker, files, leader } = await replicated(cluster);
  let resumed: Promise<void> | undefined;
  const body = streamOf(BYTES, 200_000, async (sent) => {
    if (sent !== 8_000_000) return;
    const node = cluster.nodes[await leader()]!;
    await node.suspend();
    resumed = delay(6_000).then(() => node.resume());
  });
  const put = await within("it must be stored", files.put("x", body), LIMIT);
  assertEquals(await readWhole(await files.get("x")), BYTES);
  await resumed;
  assertEquals(await chunksIn(broker), { [`$O.files.C.${put.id}`]: put.chunks });
  await broker.stop();
});

Deno.test("Objects.put() stores no chunk twice that a frozen node forwards once it resumes", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  const first = await replicated(cluster, 1);
  const led = await first.leader();
  const node = cluster.nodes[(led + 1) % 3]!;
  const broker = new NatsBroker(node.url, { ...QUICK, pingInterval: "1s" });
  const files = objects(broker, "files", { declare: "leave" });
  await broker.start();
  const body = streamOf(BYTES, 200_000, async (sent) => {
    if (sent === 8_000_000) await node.suspend();
  });
  const put = await within("it must be stored", files.put("x", body), LIMIT);
  node.resume();
  await until("the node goes on", () => node.monitor("/varz").then(() => true, () => false));
  await delay(500);
  assertEquals(await chunksIn(first.broker), { [`$O.files.C.${put.id}`]: put.chunks });
  assertEquals(await readWhole(await files.get("x")), BYTES);
  await broker.stop();
  await first.broker.stop();
});

Deno.test("StoredObject.readable goes on while the nodes of a cluster are killed in turn", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  const { broker, files } = await replicated(cluster);
  await files.put("x", BYTES);
  let at = 0;
  let kills = 0;
  const read = async () => {
    for await (const part of (await files.get("x"))!.readable) {
      assertEquals(part, BYTES.subarray(at, at += part.length));
      if (Math.floor(at / 7_000_000) === kills) continue;
      const node = kills++ % 3;
      await cluster.kill(node);
      await cluster.restart(node);
    }
  };
  await within("it must be read", read(), LIMIT);
  assert(kills === 2 && at === BYTES.length);
  await broker.stop();
});
