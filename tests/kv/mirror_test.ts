import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConnectionError } from "@signalbox/nats";
import { kv, type Mirror, NotFoundError } from "@signalbox/nats/kv";
import { onEveryJetStream } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";

onEveryJetStream("Mirror is a Map that has all of a bucket, and follows it", async (server) => {
  const broker = server.broker();
  const prices = kv<number>(broker, "prices", { declare: "create" });
  await broker.start();
  await prices.put("eu.tea", 4);
  await prices.put("eu.milk", 1);
  await prices.put("us.tea", 9);
  await prices.delete("eu.milk");
  const live: Mirror<number> = prices.mirror("eu.>");
  assertEquals([live.size, live.version], [0, 0]);
  assertEquals(await live.ready, live);
  assertEquals([...live], [["eu.tea", 4]]);
  const revision = await prices.put("eu.rice", 2);
  await until("it follows", () => live.version === revision);
  assertEquals(new Map(live), new Map([["eu.tea", 4], ["eu.rice", 2]]));
  const each: unknown[] = [];
  live.forEach((value, key, map) => each.push([key, value, map === live]));
  assertEquals(each, [["eu.tea", 4, true], ["eu.rice", 2, true]]);
  assertEquals([[...live.keys()], [...live.values()]], [["eu.tea", "eu.rice"], [4, 2]]);
  assertEquals([live.has("eu.tea"), live.get("eu.tea"), live.get("us.tea")], [true, 4, undefined]);
  assertEquals([live.entry("eu.rice")?.revision, live.entry("eu.milk")], [revision, undefined]);
  await prices.purge("eu.tea");
  await until("it follows", () => !live.has("eu.tea"));
  assertEquals(live.signal.aborted, false);
  await live.close();
  assertEquals([live.signal.aborted, live.size], [true, 1]);
  await live.close();
});

onEveryJetStream(
  "Mirror reports the changes that it shows, and ends by a signal",
  async (server) => {
    const broker = server.broker();
    const prices = kv<number>(broker, "prices", { declare: "create" });
    await broker.start();
    await prices.put("a", 1);
    const ending = new AbortController();
    const told: unknown[] = [];
    const live = await prices.mirror(">", {
      signal: ending.signal,
      onChange: (changes) => {
        told.push(changes.map(({ key, kind, value, isInitial }) => [key, kind, value, isInitial]));
        if (told.length === 2) throw new Error("not told");
      },
    }).ready;
    await prices.put("b", 2);
    await prices.delete("a");
    await until("all is told", () => told.length === 3);
    assertEquals(told, [
      [["a", "put", 1, true]],
      [["b", "put", 2, false]],
      [["a", "delete", undefined, false]],
    ]);
    ending.abort(new Error("enough"));
    assertEquals(live.signal.reason.message, "enough");
    const none = prices.mirror(">", { signal: AbortSignal.abort(new Error("never")) });
    await assertRejects(() => none.ready, Error, "never");
    const wrong = () => prices.mirror(">", { onChange: 7 as never });
    assertThrows(wrong, TypeError, 'Cannot mirror a bucket as "onChange" must be a function: 7');
  },
);

onEveryJetStream("Mirror says why it stopped following", async (server) => {
  const broker = server.broker();
  await broker.start();
  const none = kv(broker, "none").mirror();
  await assertRejects(() => none.ready, NotFoundError, 'the bucket "none"');
  assert(none.signal.reason instanceof NotFoundError);
  const prices = kv(broker, "prices", { declare: "create" });
  const empty = await prices.mirror().ready;
  assertEquals(empty.size, 0);
  await broker.stop();
  await until("it has ended", () => empty.signal.aborted);
  assert(empty.signal.reason instanceof ConnectionError, String(empty.signal.reason));
  const late = prices.mirror();
  await assertRejects(() => late.ready, ConnectionError);
});

onEveryJetStream(
  "Mirror shows the new bucket where one is deleted and made again",
  async (server) => {
    const broker = server.broker();
    const admin = server.broker();
    const prices = kv<number>(broker, "prices", { declare: "create" });
    await broker.start();
    await admin.start();
    for (let at = 0; at < 20; at++) await prices.put(`old.${at}`, at);
    const live = await prices.mirror().ready;
    const seen: unknown[] = [];
    const reader = await prices.changes(">", { updatesOnly: true }).open();
    void (async () => {
      for await (const { change } of reader) seen.push([change.key, change.value]);
    })();
    await admin.request("$JS.API.STREAM.DELETE.KV_prices");
    const again = kv<number>(admin, "prices", { declare: "create" });
    await again.put("new.a", 1);
    // what the server drops while it makes the stream anew is noticed after ten seconds of silence
    const patient = { timeout: 60_000 };
    await until("it follows", () => live.get("new.a") === 1, patient);
    assertEquals([...live], [["new.a", 1]]);
    await until("readers follow, too", () => seen.length === 1, patient);
    assertEquals(seen, [["new.a", 1]]);
    await again.put("new.b", 2);
    await until("it follows", () => live.size === 2, patient);
    await until("readers follow, too", () => seen.length === 2, patient);
    assertEquals(seen, [["new.a", 1], ["new.b", 2]]);
  },
);
