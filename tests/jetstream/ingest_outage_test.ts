import { NatsBroker } from "@signalbox/nats";
import { type Ingest, IngestError, jetstream } from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { delay } from "../support/delay.ts";
import { NatsCluster } from "../support/nats_server/nats_cluster.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { Proxy } from "../support/proxy.ts";
import { type Started, started } from "../support/jetstream/started.ts";
import type { StreamInfo } from "../support/jetstream/internals.ts";

const CONFIG = 'jetstream: { store_dir: "streams" }';

async function brokerAt(servers: string | readonly string[]): Promise<Started> {
  return await started({
    broker: () =>
      new NatsBroker(servers as string, {
        logger: false,
        reconnect: { minDelay: 10, maxDelay: 50 },
        pingInterval: "1s",
      }),
  });
}

/** Begins to write numbers; returns a function that ends this, and says how many it has written. */
function writing(ingest: Ingest<unknown>) {
  let isOver = false;
  const writer = ingest.getWriter();
  const done = (async () => {
    let number = 0;
    for (; !isOver; number++) {
      await writer.write(number);
      if (number % 50 === 0) await delay(1);
    }
    await writer.close();
    return number;
  })();
  done.catch(() => {});
  return async () => {
    isOver = true;
    return await done;
  };
}

/** The bodies that a new reader finds in the stream. */
async function storedIn({ broker }: Started, name: string): Promise<unknown[]> {
  const bodies: unknown[] = [];
  for await (const { body } of jetstream(broker).read(name, { until: "now" })) bodies.push(body);
  return bodies;
}

function assertWhole(bodies: readonly unknown[], count: number): void {
  assert(count > 300, `only ${count}`);
  const wrong = bodies.findIndex((body, at) => body !== at);
  assertEquals([wrong, bodies.length], [-1, count]);
}

for (const batched of [true, false]) {
  const way = batched ? "fast batches" : "single messages";
  Deno.test(`js.ingest() stores each item once and in order while the server is killed, by ${way}`, async () => {
    await using server = await NatsServer.start({ config: CONFIG });
    const one = await brokerAt(server.url);
    await using broker = one.broker;
    await one.create({ name: "R", subjects: ["r.>"], storage: "file", allow_batched: batched });
    const ingest = jetstream(broker).ingest("r.a", { window: batched ? 1 : 32 });
    const end = writing(ingest);
    for (let kill = 0; kill < 4; kill++) {
      const { stored } = ingest;
      await until("more is stored", () => ingest.stored >= stored + 100, { timeout: 30_000 });
      await server.kill();
      await server.restart();
    }
    const count = await end();
    assertEquals([ingest.stored, ingest.isFast], [count, batched]);
    assertWhole(await storedIn(one, "R"), count);
  });

  Deno.test(`js.ingest() stores each item once and in order through cut sockets, by ${way}`, async () => {
    await using server = await NatsServer.start({ config: CONFIG });
    await using proxy = await Proxy.start(server.port);
    const one = await brokerAt(proxy.url);
    await using broker = one.broker;
    await one.create({ name: "R", subjects: ["r.>"], allow_batched: batched });
    const ingest = jetstream(broker).ingest("r.a");
    const end = writing(ingest);
    let losses = 0;
    one.access.onConnection((change) => losses += change === "lost" ? 1 : 0);
    for (let cut = 0; cut < 25; cut++) {
      const { stored } = ingest;
      await until("more is stored", () => ingest.stored > stored, { timeout: 30_000 });
      // in the middle of a message or of an acknowledgement
      const toServer = cut % 2 === 0;
      proxy.cutAfter(toServer ? 3_000 + 377 * cut : 7 * cut, toServer ? "toServer" : "toClient");
      await until("it is cut", () => losses > cut, { timeout: 30_000 });
      await until("it is back", () => broker.state === "ready", { timeout: 30_000 });
    }
    const count = await end();
    assertWhole(await storedIn(one, "R"), count);
  });
}

Deno.test("js.ingest() stores each item once and in order while leaders of a cluster are killed and step down", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  const one = await brokerAt(cluster.urls);
  await using broker = one.broker;
  const { api } = one;
  const config = { name: "R", subjects: ["r.>"], num_replicas: 3, allow_batched: true };
  await until(
    "the cluster has a leader",
    () => one.create({ ...config, storage: "file" }).then(() => true, () => false),
    { timeout: 30_000 },
  );
  const ingest = jetstream(broker).ingest("r.a", { timeout: "60s" });
  const end = writing(ingest);
  const grows = async () => {
    const { stored } = ingest;
    await until("more is stored", () => ingest.stored >= stored + 200, { timeout: 60_000 });
  };
  for (let turn = 0; turn < 2; turn++) {
    await grows();
    const leader = await until("there is a leader", async () => {
      const info = await api.call<StreamInfo>("STREAM.INFO.R").catch(() => undefined);
      const at = cluster.nodes.findIndex(({ name }) => name === info?.cluster?.leader);
      return at >= 0 && at + 1;
    }, { timeout: 30_000 });
    await cluster.kill(leader - 1);
    await grows();
    await cluster.restart(leader - 1);
    await grows();
    // a leader that leads again soon may skip what it had accepted before
    for (let again = 0; again < 2; again++) {
      await api.call("STREAM.LEADER.STEPDOWN.R").catch(() => {});
      await delay(100 * again);
    }
  }
  await grows();
  const count = await end();
  const bodies = await storedIn(one, "R");
  const { state } = await api.call<StreamInfo>("STREAM.INFO.R");
  assertEquals(state.messages, count, `${bodies.length} can be read`);
  assertWhole(bodies, count);
});

Deno.test("js.ingest() goes on in a stream that is made again, and in one that takes no batches any more", async () => {
  await using server = await NatsServer.start({ config: CONFIG });
  const one = await brokerAt(server.url);
  await using broker = one.broker;
  const { api } = one;
  const config = { name: "R", subjects: ["r.>"], allow_batched: true };
  await one.create(config);
  const ingest = jetstream(broker).ingest("r.a");
  const end = writing(ingest);
  await until("it is under way", () => ingest.stored > 200);
  const before = ingest.stored;
  await api.call("STREAM.DELETE.R");
  const lost = ingest.stored;
  await one.create(config);
  await until("more is stored", () => ingest.stored > lost + 1_500, { timeout: 30_000 });
  assertEquals(ingest.isFast, true);
  await api.call("STREAM.UPDATE.R", { ...config, storage: "memory", allow_batched: false });
  await until("it goes on", () => ingest.isFast === false, { timeout: 30_000 });
  const count = await end();
  const bodies = await storedIn(one, "R") as number[];
  // the messages of the deleted stream are gone; all later ones are there, once and in order
  assert(bodies[0]! >= before && bodies[0]! <= lost + 2_000);
  assertEquals(bodies, Array.from({ length: count - bodies[0]! }, (_, at) => bodies[0]! + at));
});

Deno.test("js.ingest() fails after its timeout, and says what may be stored", async () => {
  await using server = await NatsServer.start({ config: CONFIG });
  const one = await brokerAt(server.url);
  await using broker = one.broker;
  await one.create({ name: "R", subjects: ["r.>"], storage: "file", allow_batched: true });
  const ingest = jetstream(broker).ingest("r.a", { timeout: "3s" });
  const end = writing(ingest);
  await until("it is under way", () => ingest.stored > 200);
  await server.kill();
  const { error } = await ingest.closed;
  await assertRejects(end);
  assertInstanceOf(error, IngestError);
  await server.restart();
  await until("it is back", () => broker.state === "ready", { timeout: 30_000 });
  const bodies = await storedIn(one, "R");
  assert(bodies.length >= error!.stored, `${bodies.length} ${error!.stored}`);
  assert(bodies.length <= error!.stored + error!.uncertain);
  assertEquals(bodies, Array.from(bodies, (_, at) => at));
});
