import { assertEquals, assertRejects } from "@std/assert";
import { NatsBroker } from "@signalbox/nats";
import { type Change, JetStreamError, kv } from "@signalbox/nats/kv";
import { TestBroker } from "@signalbox/nats/testing";
import { onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";

onEveryJetStream(
  "Bucket.put() with a ttl keeps a value for so long, and the expiry is told",
  async (server) => {
    const broker = server.broker();
    const things = kv<number>(broker, "things", { declare: "create", keyTtl: "5s" });
    await broker.start();
    const seen: Change<number>[] = [];
    const reader = await things.changes().open();
    void (async () => {
      for await (const { change } of reader) seen.push(change);
    })();
    await things.put("short", 1, { ttl: "3s" });
    await things.put("long", 2, { ttl: "1h" });
    const live = await things.mirror().ready;
    assertEquals([...live], [["short", 1], ["long", 2]]);
    await until("it has expired", () => seen.length === 3, { timeout: 10_000 });
    assertEquals([seen[2]!.kind, seen[2]!.key, seen[2]!.value], ["expired", "short", undefined]);
    assertEquals((await things.entry("short"))?.kind, "expired");
    assertEquals(await things.get("short"), undefined);
    assertEquals([...live], [["long", 2]]);
    assertEquals((await things.get("long"))?.value, 2);
    const revision = await things.create("short", 3);
    assertEquals((await things.get("short"))?.revision, revision);
  },
  { since: "2.11" },
);

onEveryJetStream(
  "Bucket.put() with a ttl leaves no earlier value to show again, in a bucket with a history",
  async (server) => {
    const broker = server.broker();
    const things = kv<number>(broker, "things", { declare: "create", history: 5, keyTtl: "3s" });
    await broker.start();
    await things.put("a", 1);
    await things.put("a", 2, { ttl: "3s" });
    assertEquals((await things.get("a"))?.value, 2);
    await until("it is gone", async () => (await things.get("a")) === undefined);
    assertEquals((await things.entry("a"))?.kind, "expired");
    await things.put("b", 1);
    await things.change("b", (old) => old! + 1, { ttl: "1h" });
    await things.purge("b", { ttl: "1s" });
    await until("the marker is gone", async () => (await things.entry("b")) === undefined);
  },
  { since: "2.11" },
);

onEveryJetStream("Bucket.put() refuses a ttl that the bucket would not keep", async (server) => {
  const broker = server.broker();
  const plain = kv(broker, "plain", { declare: "create" });
  const slow = kv(broker, "slow", { declare: "create", history: 2, keyTtl: true });
  await broker.start();
  const ttl = "2s";
  await assertRejects(
    () => plain.put("a", 1, { ttl }),
    JetStreamError,
    'Cannot put "a" as the bucket must have "keyTtl": "plain" has not',
  );
  await assertRejects(
    () => slow.put("a", 1, { ttl }),
    RangeError,
    'Cannot put "a" as a value must be kept as long as the markers, in a bucket with a history: ' +
      "2000 ms, and 60000 ms",
  );
  await assertRejects(() => slow.put("a", 1, { ttl: "10ms" }), TypeError, '"1s" or more: "10ms"');
  assertEquals(await slow.get("a"), undefined);
}, { since: "2.11" });

onEveryJetStream(
  "Mirror drops what has expired, in a bucket that keeps no markers of that",
  async (server) => {
    const broker = server.broker();
    const things = kv<number>(broker, "things", { declare: "create", ttl: "2s" });
    await broker.start();
    await things.put("a", 1);
    const told: unknown[] = [];
    const live = await things.mirror(">", {
      onChange: (changes) => told.push(changes.map(({ key, kind }) => `${key} ${kind}`)),
    }).ready;
    await things.put("b", 2);
    await until("it has both", () => live.size === 2);
    await until("both have expired", () => live.size === 0, { timeout: 8_000 });
    // the server takes up to a second longer
    const isGone = async () => !await things.get("a") && !await things.get("b");
    await until("the bucket has neither", isGone, { timeout: 8_000 });
    assertEquals(told.flat(), ["a put", "b put", "a expired", "b expired"]);
    await things.put("a", 3);
    await until("it is there again", () => live.get("a") === 3);
    await live.close();
    await delay(2_200);
    assertEquals(live.size, 1);
  },
);

Deno.test("A test moves the time in which values and their markers expire", async () => {
  const broker = new NatsBroker();
  const things = kv<number>(broker, "things", { declare: "create", ttl: "1h", keyTtl: "5m" });
  const told: unknown[] = [];
  broker.subscriber(things.changes(), ({ change: { key, kind } }) => void told.push([key, kind]));
  await using test = await TestBroker.start(broker, { time: "moved" });
  await things.put("short", 1, { ttl: "20m" });
  await things.put("long", 2);
  await test.advance("19m");
  assertEquals((await things.get("short"))?.value, 1);
  await test.advance("2m");
  assertEquals((await things.entry("short"))?.kind, "expired");
  await test.advance("40m");
  assertEquals((await things.entry("long"))?.kind, "expired");
  assertEquals(told, [["short", "put"], ["long", "put"], ["short", "expired"], [
    "long",
    "expired",
  ]]);
});
