import { NatsBroker } from "@signalbox/nats";
import {
  ConflictError,
  jetstream,
  NotStoredError,
  type Stored,
  stream,
  UnknownOutcomeError,
} from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { isSince } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { FrameClient } from "../support/jetstream/frame_client.ts";
import { NatsCluster } from "../support/nats_server/nats_cluster.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { Proxy } from "../support/proxy.ts";

const CONFIG = 'jetstream: { store_dir: "streams" }';
const reconnect = { minDelay: 5, maxDelay: 50 };

function brokerOf(servers: string | string[]): NatsBroker {
  return new NatsBroker(servers, { logger: false, reconnect, pingInterval: "1s" });
}

async function messagesIn(server: NatsServer, name: string): Promise<number> {
  await using client = await FrameClient.to(server);
  return (await client.json(`$JS.API.STREAM.INFO.${name}`)).state.messages;
}

/** Publishes numbers until it is told to stop; gives where each was stored. */
function publishing(publish: (number: number) => Promise<Stored>) {
  const stored: Promise<Stored>[] = [];
  let isOver = false;
  const done = (async () => {
    for (let number = 0; !isOver; number++) {
      stored.push(publish(number));
      if (number % 20 === 0) await delay(1);
    }
  })();
  return async () => {
    isOver = true;
    await done;
    return (await Promise.all(stored)).map(({ seq }) => seq);
  };
}

Deno.test("JetStream.publish() stores each message once through cut sockets", async () => {
  await using server = await NatsServer.start({ config: CONFIG });
  await using proxy = await Proxy.start(server.port);
  await using broker = brokerOf(proxy.url);
  const cuts = stream("CUTS", { subjects: ["cuts.*"], declare: "create" });
  const js = jetstream(broker, { streams: [cuts] });
  await broker.start();
  const end = publishing((number) => js.publish(`cuts.${number % 7}`, number, { timeout: "30s" }));
  for (let cut = 0; cut < 20; cut++) {
    await delay(10);
    // in the middle of a message, or of an acknowledgement
    proxy.cutAfter(1_000 + 37 * cut, cut % 2 ? "toServer" : "toClient");
    await until("it is back", () => broker.state === "ready");
  }
  const seqs = await end();
  assert(seqs.length > 100);
  assertEquals(new Set(seqs).size, seqs.length);
  assertEquals(await messagesIn(server, "CUTS"), seqs.length);
  await broker.stop();
});

Deno.test("JetStream.publish() stores each message once while leaders of a cluster are killed", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  await using broker = brokerOf(cluster.urls);
  const rows = stream("ROWS", { subjects: ["rows.*"], numReplicas: 3, declare: "create" });
  const js = jetstream(broker, { streams: [rows] });
  await until("the cluster has a leader", async () => {
    await using client = await FrameClient.to(cluster.nodes[0]!);
    // a cluster without a leader drops the question
    const [answer] = await client.ask("$JS.API.INFO", {}, 1, 500);
    return answer !== undefined && JSON.parse(answer.body).error === undefined;
  }, { timeout: 30_000 });
  await broker.start();
  const end = publishing((number) => js.publish(`rows.${number % 7}`, number, { timeout: "60s" }));
  for (let kill = 0; kill < 2; kill++) {
    await delay(300);
    const leader = await leaderOf(cluster, "ROWS");
    await cluster.kill(leader);
    await delay(500);
    await cluster.restart(leader);
  }
  const seqs = await end();
  assert(seqs.length > 100);
  assertEquals(new Set(seqs).size, seqs.length);
  const leader = await leaderOf(cluster, "ROWS");
  assertEquals(await messagesIn(cluster.nodes[leader]!, "ROWS"), seqs.length);
  await broker.stop();
});

async function leaderOf(cluster: NatsCluster, name: string): Promise<number> {
  return await until("the stream has a leader", async () => {
    for (const node of cluster.nodes) {
      const client = await FrameClient.to(node).catch(() => undefined);
      await using _ = client;
      const [answer] = await client?.ask(`$JS.API.STREAM.INFO.${name}`, {}, 1, 1_000) ?? [];
      const leader = answer?.body && JSON.parse(answer.body).cluster?.leader;
      const index = cluster.nodes.findIndex(({ name }) => name === leader);
      if (index >= 0) return index;
    }
    return undefined;
  }, { timeout: 30_000 });
}

Deno.test("JetStream.batch() stores all or none of a batch, once, though the server is killed", async () => {
  await using server = await NatsServer.start({ config: CONFIG });
  await using broker = brokerOf(server.url);
  const pairs = stream("PAIRS", { subjects: ["pairs.*"], allowAtomic: true, declare: "create" });
  const js = jetstream(broker, { streams: [pairs] });
  await broker.start();
  let isOver = false;
  let count = 0;
  const lanes = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      const messages = [0, 1, 2, 3, 4].map((at) => [`pairs.${at}`, count] as const);
      const { count: stored } = await js.batch(messages, { timeout: "30s" });
      count += stored;
    }
  });
  for (let kill = 0; kill < 5; kill++) {
    const before = count;
    await until("more is stored", () => count >= before + 20, { timeout: 30_000 });
    await server.kill();
    await server.restart();
  }
  isOver = true;
  await Promise.all(lanes);
  assert(count >= 100);
  assertEquals(await messagesIn(server, "PAIRS"), count);
  await broker.stop();
});

Deno.test("JetStream.publish(): what was rejected in an outage is never stored later", async () => {
  await using server = await NatsServer.start({ config: CONFIG });
  await using broker = brokerOf(server.url);
  const js = jetstream(broker, {
    streams: [stream("G", { subjects: ["g.*"], allowAtomic: true, declare: "create" })],
  });
  await broker.start();
  await server.kill();
  await until("the broker notices", () => broker.state === "reconnecting");
  const publishing = Array.from(
    { length: 200 },
    (_, i) => js.publish(`g.${i}`, i, { timeout: 50 }),
  );
  const batch = js.batch([["g.a", 1], ["g.b", 2]], { timeout: 50 });
  const aborted = js.publish("g.x", 1, { signal: AbortSignal.timeout(20) });
  for (const one of publishing) await assertRejects(() => one, NotStoredError);
  await assertRejects(() => batch, NotStoredError);
  await assertRejects(() => aborted, DOMException);
  await server.restart();
  assertEquals((await js.publish("g.last", 1, { timeout: "10s" })).seq, 1);
  assertEquals(broker.stats().doors[0]!.counts.unknown, 0);
  await broker.stop();
});

Deno.test("JetStream.publish(): what a broker that stops has not heard of is told as unknown, or was stored", async () => {
  await using server = await NatsServer.start({ config: CONFIG });
  await using broker = brokerOf(server.url);
  const js = jetstream(broker, {
    streams: [stream("S", { subjects: ["s.*"], declare: "create" })],
  });
  await broker.start();
  const many = Array.from({ length: 2_000 }, (_, i) => js.publish(`s.${i}`, i));
  await broker.stop();
  assertEquals((await Promise.all(many)).length, 2_000);
  await broker.start();
  await server.suspend();
  const unsure = js.publish("s.unsure", 1, { timeout: "20s" });
  const sent = assertRejects(() => unsure, UnknownOutcomeError);
  await broker.stop({ timeout: 300 });
  await sent;
  server.resume();
  assertEquals(await messagesIn(server, "S") >= 2_000, true);
});

Deno.test("JetStream.publish() sends nothing again that its stream may have forgotten", async () => {
  await using server = await NatsServer.start({ config: CONFIG });
  await using proxy = await Proxy.start(server.port);
  await using broker = brokerOf(proxy.url);
  const short = stream("SHORT", {
    subjects: ["short.*"],
    duplicateWindow: 2_000,
    declare: "create",
  });
  const js = jetstream(broker, { streams: [short] });
  await broker.start();
  const expect = { stream: short };
  await assertRejects(() => js.publish("short.1", 1, { expect, timeout: "3s" }), RangeError);
  // it is known which stream takes the subject
  await assertRejects(() => js.publish("short.1", 1, { timeout: "3s" }), RangeError);
  await js.publish("short.1", 1, { expect });
  // the message gets there, and its answer does not
  await proxy.refuse();
  proxy.cutAfter(0, "toClient");
  const unsure = js.publish("short.2", 2);
  await until("the broker notices", () => broker.state !== "ready");
  await delay(2_200);
  proxy.accept();
  await assertRejects(() => unsure, UnknownOutcomeError, "which it does for 2000 ms");
  assertEquals(await messagesIn(server, "SHORT"), 2);
  await broker.stop();
});

Deno.test("JetStream.publish(): a conflict after an outage is no conflict with itself", async () => {
  await using server = await NatsServer.start({ config: CONFIG });
  await doubtConflicts(server, 1);
});

Deno.test("JetStream.publish(): a conflict after an outage is no conflict with itself in a cluster, which goes on", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  await doubtConflicts(cluster.nodes[0]!, 3);
});

/** Cuts the socket before the answer to a publication that expects something. */
async function doubtConflicts(server: NatsServer, numReplicas: number): Promise<void> {
  await using proxy = await Proxy.start(server.port);
  await using broker = brokerOf(proxy.url);
  const knowsBatches = isSince(server.version, "2.12");
  const declared = stream("C", {
    subjects: ["c.*"],
    allowAtomic: knowsBatches,
    numReplicas,
    declare: "create",
  });
  const js = jetstream(broker, { streams: [declared] });
  const start = () => broker.start().then(() => true, () => false);
  await until("the stream is there", start, { timeout: 30_000 });
  const expects = [{ lastSeq: 0 }, { lastSeq: 1, of: "c.1" }, { lastSeq: 2 }];
  for (const [at, expect] of expects.entries()) {
    proxy.cutAfter(0, "toClient");
    const { seq, duplicate } = await js.publish("c.1", 1, { expect });
    assertEquals([seq, duplicate], [at + 1, false]);
    await assertRejects(() => js.publish("c.1", 1, { expect }), ConflictError);
  }
  proxy.cutAfter(0, "toClient");
  const wrong = { expect: { lastSeq: 0 } };
  await assertRejects(() => js.publish("c.1", 1, wrong), ConflictError);
  assertEquals((await js.publish("c.1", 1)).seq, 4);
  if (knowsBatches) {
    proxy.cutAfter(0, "toClient");
    const batch = [["c.2", 1, { expect: { lastSeq: 0, of: "c.2" } }], ["c.3", 1]] as const;
    assertEquals((await js.batch(batch)).seq, 6);
    await assertRejects(() => js.batch(batch), ConflictError);
  }
  assertEquals((await js.publish("c.4", 1)).seq, knowsBatches ? 7 : 5);
  await broker.stop();
}
