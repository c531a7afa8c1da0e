import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InvalidSubjectError } from "@signalbox/nats";
import { type Batch, ConflictError, JetStreamError, kv } from "@signalbox/nats/kv";
import { onEveryJetStream } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import { aNumber } from "../support/schemas.ts";

const OPTIONS = { declare: "create", batch: true, history: 3, schema: aNumber } as const;

onEveryJetStream("Bucket.batch() makes all changes, with the revision of each", async (server) => {
  const broker = server.broker();
  const prices = kv(broker, "prices", OPTIONS);
  await broker.start();
  const first = await prices.put("a", 1);
  await prices.put("b", 2);
  await prices.put("gone", 3);
  await prices.delete("gone");
  const revisions = await prices.batch((batch) => {
    batch.update("a", 10, first).delete("b").create("c", 30).purge("d").create("gone", 4)
      .put("e", 50);
  });
  assertEquals(revisions.map((revision) => revision - revisions[0]!), [0, 1, 2, 3, 4, 5]);
  const found = await Promise.all(
    ["a", "b", "c", "d", "gone", "e"].map(async (key) => await prices.entry(key)),
  );
  assertEquals(found.map((entry) => [entry?.kind, entry?.value, entry?.revision]), [
    ["put", 10, revisions[0]],
    ["delete", undefined, revisions[1]],
    ["put", 30, revisions[2]],
    ["purge", undefined, revisions[3]],
    ["put", 4, revisions[4]],
    ["put", 50, revisions[5]],
  ]);
  assertEquals(await prices.batch(() => {}), []);
}, { since: "2.12" });

onEveryJetStream(
  "Bucket.batch() makes no change if one expected revision differs",
  async (server) => {
    const broker = server.broker();
    const prices = kv(broker, "prices", OPTIONS);
    const plain = kv(broker, "plain", { declare: "create" });
    await broker.start();
    const first = await prices.put("a", 1);
    await prices.put("a", 2);
    const write = (batch: Batch<number>) => batch.put("b", 1).update("a", 3, first);
    await assertRejects(() => prices.batch(write), ConflictError, "Cannot change 2 keys at once");
    await assertRejects(
      () => prices.batch((batch) => batch.put("b", 1).create("a", 1)),
      ConflictError,
    );
    await assertRejects(
      () => prices.batch((batch) => batch.put("b", "x" as never)),
      Error,
      "schema",
    );
    await assertRejects(() => prices.batch(() => Promise.reject(new Error("no"))), Error, "no");
    assertEquals(await prices.get("b"), undefined);
    assertEquals((await prices.get("a"))?.value, 2);
    const rule = 'the bucket must have "batch": "plain" has not';
    await assertRejects(() => plain.batch((batch) => batch.put("a", 1)), JetStreamError, rule);
  },
  { since: "2.12" },
);

onEveryJetStream("Bucket.batch() rejects wrong changes immediately", async (server) => {
  const broker = server.broker();
  const prices = kv(broker, "prices", OPTIONS);
  await broker.start();
  await prices.batch((batch) => {
    const wrong = (write: () => unknown) => assertThrows(write, Error).message;
    assertThrows(() => batch.put("a b", 1), InvalidSubjectError);
    batch.put("a", 1);
    assertEquals(
      [
        wrong(() => batch.delete("a")),
        wrong(() => batch.put("b", 1, { ttl: "1ms" })),
        wrong(() => batch.update("b", 1, 1.5)),
        wrong(() => batch.delete("b", { revision: 0 })),
        wrong(() => batch.put("b", 1, { timeout: 1 } as never)),
      ],
      [
        'Cannot delete "a" in a batch as a batch must have each key once: it is there already',
        'Cannot put "b" in a batch as "ttl" must be a duration of "1s" or more: "1ms"',
        'Cannot update "b" as its revision must be a whole number of 0 or more: 1.5',
        'Cannot delete "b" in a batch as "revision" must be a whole number of 1 or more: 0',
        'Cannot put "b" in a batch as an option must be one of ttl: "timeout"',
      ],
    );
  });
  const many = (count: number) => (batch: Batch<number>) => {
    for (let at = 0; at < count; at++) batch.put(`k.${at}`, at);
  };
  assertEquals((await prices.batch(many(1_000))).length, 1_000);
  await assertRejects(() => prices.batch(many(1_001)), RangeError, "1000 keys at most");
}, { since: "2.12" });

onEveryJetStream("Mirror never shows a part of a batch", async (server) => {
  const broker = server.broker();
  const writer = server.broker();
  const prices = kv(broker, "prices", { ...OPTIONS, history: 1 });
  const direct = kv(writer, "prices", { ...OPTIONS, history: 1 });
  await broker.start();
  await writer.start();
  const keys = Array.from({ length: 20 }, (_, at) => `k.${at}`);
  const torn: unknown[] = [];
  const live = await prices.mirror(">", {
    onChange: () => {
      const values = new Set(keys.map((key) => live?.get(key)));
      if (values.size > 1) torn.push([...values]);
    },
  }).ready;
  let last = 0;
  for (let round = 0; round < 100; round++) {
    const revisions = await direct.batch((batch) => {
      for (const key of keys) batch.put(key, round);
    });
    last = revisions.at(-1)!;
  }
  await until("it has all", () => live.version === last);
  assertEquals([torn, live.get("k.7")], [[], 99]);
}, { since: "2.12" });

onEveryJetStream(
  "Mirror does not wait for the part of a batch that was overwritten, or that it does not show",
  async (server) => {
    const broker = server.broker();
    const prices = kv(broker, "prices", { ...OPTIONS, history: 1 });
    await broker.start();
    const part = await prices.mirror("a.*").ready;
    await prices.batch((batch) => batch.put("a.1", 1).put("b.1", 1));
    await until("it shows its part", () => part.get("a.1") === 1, { timeout: 8_000 });
    // the end of the batch is gone
    await prices.put("b.1", 2);
    const live = await prices.mirror().ready;
    assertEquals(new Map(live), new Map([["a.1", 1], ["b.1", 2]]));
    await prices.batch((batch) => batch.put("c", 1).put("d", 1));
    await prices.delete("d");
    const last = await prices.batch((batch) => batch.put("a.1", 5).put("c", 5));
    assertEquals(new Map(await prices.mirror().ready).size, 3);
    await until("it has the last", () => live.version === last[1], { timeout: 8_000 });
    assertEquals(new Map(live), new Map([["a.1", 5], ["b.1", 2], ["c", 5]]));
  },
  { since: "2.12" },
);
