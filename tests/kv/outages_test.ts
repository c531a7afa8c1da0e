import { assert, assertEquals } from "@std/assert";
import { NatsBroker } from "@signalbox/nats";
import { type Bucket, type BucketOptions, kv } from "@signalbox/nats/kv";
import { delay } from "../support/delay.ts";
import { Interrupted } from "../support/jetstream/interrupted.ts";
import { until } from "../support/nats_server/until.ts";

const PATIENT = { timeout: "30s" } as const;

/** The same bucket by the broker that is interrupted, and by the one that is not. */
function bucketOf(
  { reader, writer }: Interrupted,
  options: BucketOptions = {},
): readonly [interrupted: Bucket<number>, direct: Bucket<number>] {
  const given = { ...PATIENT, declare: "create", ...options } as BucketOptions<number>;
  return [kv(reader.broker, "counts", given), kv(writer.broker, "counts", given)];
}

async function interrupt(test: Interrupted, round: number): Promise<void> {
  if (round % 3 === 0) await test.crash();
  else if (round % 3 === 1) test.proxy.cut();
  else await test.deleteConsumers("KV_counts");
}

/** All keys and values, as the server has them. */
async function contents(bucket: Bucket<number>): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const key of bucket.keys()) {
    const entry = await bucket.get(key);
    if (entry) found.set(key, entry.value);
  }
  return found;
}

const sorted = (map: Iterable<readonly [string, number]>) =>
  [...map].sort(([one], [other]) => one < other ? -1 : 1);

Deno.test("Bucket.change() counts each increment once through crashes of the server", async () => {
  await using test = await Interrupted.start();
  const buckets = bucketOf(test);
  const [, direct] = buckets;
  // a bucket that one broker is making as the server crashes may be gone again though another one has seen it
  for (const bucket of buckets) await bucket.get("n");
  const increments = 8;
  const writers = Array.from({ length: 16 }, async (_, at) => {
    for (let count = 0; count < increments; count++) {
      await buckets[at % 2]!.change("n", (old = 0) => old + 1);
      await delay(Math.random() * 60);
    }
  });
  for (let round = 0; round < 4; round++) {
    await delay(100);
    await (round % 2 ? test.proxy.cut() : test.crash());
  }
  await Promise.all(writers);
  assertEquals((await direct.get("n"))?.value, writers.length * increments);
});

Deno.test("Bucket.change() counts an increment once that others overwrite before a restarted server is asked for it", async () => {
  await using test = await Interrupted.start();
  const [interrupted, direct] = bucketOf(test);
  await direct.put("n", 0);
  await interrupted.get("n");
  let isCut = false;
  const changing = interrupted.change("n", async (old = 0) => {
    if (!isCut) {
      isCut = true;
      await test.proxy.refuse();
      // the change is stored, and the answer does not arrive
      test.proxy.cutAfter(1, "toClient");
    }
    return old + 1;
  });
  await until("the change is stored", async () => (await direct.get("n"))?.value === 1);
  for (let count = 0; count < 3; count++) await direct.change("n", (old = 0) => old + 10);
  // it remembers the ids of what it still has, and no others
  await test.crash();
  await direct.get("n");
  test.proxy.accept();
  const { value, revision } = (await changing)!;
  assertEquals([value, (await direct.get("n"))?.value], [1, 31]);
  assertEquals(revision, 2);
});

Deno.test("Mirror equals its bucket after crashes, cuts and deleted consumers", async () => {
  await using test = await Interrupted.start();
  const [interrupted, direct] = bucketOf(test);
  for (let at = 0; at < 100; at++) await direct.put(`k.${at}`, at);
  const live = await interrupted.mirror().ready;
  let last = 0;
  for (let round = 0; round < 9; round++) {
    await interrupt(test, round);
    for (let at = 0; at < 30; at++) {
      const key = `k.${Math.floor(Math.random() * 120)}`;
      last = at % 5 === 4 ? await direct.delete(key) : await direct.put(key, round * 100 + at);
    }
  }
  await until("it has the last change", () => live.version === last, { timeout: 40_000 });
  assertEquals(sorted(live), sorted(await contents(direct)));
  await live.close();
  await until("no consumer is left", async () => (await test.consumers("KV_counts")).length === 0);
});

Deno.test("Changes from now on show nothing old, and each change once, through resets", async () => {
  await using test = await Interrupted.start();
  const [interrupted, direct] = bucketOf(test, { history: 64 });
  for (let at = 0; at < 20; at++) await direct.put(`old.${at}`, at);
  await using reader = await interrupted.changes(">", { updatesOnly: true }).open();
  const seen: number[] = [];
  void (async () => {
    for await (const { change } of reader) seen.push(change.revision);
  })();
  const written: number[] = [];
  for (let round = 0; round < 9; round++) {
    await interrupt(test, round);
    for (let at = 0; at < 5; at++) written.push(await direct.put(`new.${at}`, round));
  }
  await until("all have come", () => seen.length >= written.length, { timeout: 40_000 });
  await delay(50);
  assertEquals(seen, written);
});

Deno.test("Bucket.get() and put() get through a crash of the server", async () => {
  await using test = await Interrupted.start();
  const [interrupted] = bucketOf(test);
  await interrupted.put("a", 1);
  await test.server.kill();
  const put = interrupted.put("b", 2);
  const got = interrupted.get("a");
  const listed = Array.fromAsync(interrupted.keys());
  await delay(300);
  await test.server.restart();
  assertEquals([typeof await put, (await got)?.value], ["number", 1]);
  assert((await listed).includes("a"));
  assertEquals((await interrupted.get("b"))?.value, 2);
});

Deno.test("A bucket is declared again where a broker starts anew, on another server", async () => {
  await using one = await Interrupted.start();
  const broker = new NatsBroker(one.server.url, { logger: false });
  const bucket = kv(broker, "again", { declare: "create" });
  await broker.start();
  await bucket.put("a", 1);
  await broker.stop();
  await one.writer.api.call("STREAM.DELETE.KV_again");
  await broker.start();
  assertEquals(await bucket.get("a"), undefined);
  await broker.stop();
});
