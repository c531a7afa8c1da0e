import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConflictError, EntryError, kv, NotFoundError } from "@signalbox/nats/kv";
import { onEveryJetStream } from "../support/backends.ts";
import { aNumber } from "../support/schemas.ts";

onEveryJetStream("Bucket.get() returns every kind of value that put() accepts", async (server) => {
  const broker = server.broker();
  const things = kv(broker, "things", { declare: "create", history: 3 });
  await broker.start();
  const values = [{ chf: 4 }, "text", "7", 7, true, null, [1, 2], new Uint8Array([0, 255]), ""];
  for (const [at, value] of values.entries()) {
    const revision = await things.put(`a.${at}`, value);
    const found = await things.get(`a.${at}`);
    assertEquals(found?.value, value);
    assertEquals([found?.revision, found?.key, found?.kind], [revision, `a.${at}`, "put"]);
    assertEquals(Math.abs(found!.time.getTime() - Date.now()) < 5_000, true);
  }
  assertEquals(await things.get("b"), undefined);
});

onEveryJetStream(
  "Bucket.entry() tells no key, an empty value, a deletion and a purge apart",
  async (server) => {
    const broker = server.broker();
    const things = kv(broker, "things", { declare: "create" });
    await broker.start();
    await things.put("empty", undefined);
    await things.put("deleted", 1);
    await things.delete("deleted");
    await things.put("purged", 1);
    await things.purge("purged");
    const kinds = async (key: string) => {
      const entry = await things.entry(key);
      return [entry?.kind, entry?.value, (await things.get(key)) === undefined];
    };
    assertEquals(await kinds("none"), [undefined, undefined, true]);
    assertEquals(await kinds("empty"), ["put", undefined, false]);
    assertEquals(await kinds("deleted"), ["delete", undefined, true]);
    assertEquals(await kinds("purged"), ["purge", undefined, true]);
  },
);

onEveryJetStream(
  "Bucket.create() and update() write only over the expected revision",
  async (server) => {
    const broker = server.broker();
    const things = kv(broker, "things", { declare: "create" });
    await broker.start();
    const first = await things.create("a", 1);
    await assertRejects(() => things.create("a", 2), ConflictError, "the key must not be there");
    const second = await things.update("a", 2, first);
    await assertRejects(() => things.update("a", 3, first), ConflictError);
    await assertRejects(() => things.delete("a", { revision: first }), ConflictError);
    await things.delete("a", { revision: second });
    const third = await things.create("a", 4);
    assertEquals((await things.get("a"))?.revision, third);
    await assertRejects(() => things.purge("a", { revision: first }), ConflictError);
  },
);

onEveryJetStream("Bucket.change() counts what 64 writers add", async (server) => {
  const broker = server.broker();
  const counts = kv<number>(broker, "counts", { declare: "create" });
  await broker.start();
  const add = () => counts.change("n", (old = 0) => old + 1);
  await Promise.all(Array.from({ length: 64 }, add));
  assertEquals((await counts.get("n"))?.value, 64);
  assertEquals(await counts.change("n", () => undefined), undefined);
  assertEquals((await counts.change("n", (old) => old! + 1))?.value, 65);
});

onEveryJetStream(
  "Bucket.keys() and history() list the current entries, and end",
  async (server) => {
    const broker = server.broker();
    const things = kv<number>(broker, "things", { declare: "create", history: 4 });
    await broker.start();
    assertEquals(await Array.fromAsync(things.keys()), []);
    assertEquals(await Array.fromAsync(things.history()), []);
    for (const [key, value] of [["eu.a", 1], ["eu.b", 2], ["us.a", 3], ["eu.a", 4]] as const) {
      await things.put(key, value);
    }
    await things.delete("eu.b");
    assertEquals((await Array.fromAsync(things.keys())).sort(), ["eu.a", "us.a"]);
    assertEquals(await Array.fromAsync(things.keys("{region}.a")), ["us.a", "eu.a"]);
    const history = await Array.fromAsync(things.history("eu.>"));
    assertEquals(history.map(({ key, kind, value }) => [key, kind, value]), [
      ["eu.a", "put", 1],
      ["eu.b", "put", 2],
      ["eu.a", "put", 4],
      ["eu.b", "delete", undefined],
    ]);
    assertEquals((await things.entry("eu.a", { revision: history[0]!.revision }))?.value, 1);
    assertEquals(await things.entry("eu.a", { revision: history[1]!.revision }), undefined);
  },
);

onEveryJetStream(
  "Bucket validates values that are put and values that are read",
  async (server) => {
    const broker = server.broker();
    const numbers = kv(broker, "things", { declare: "create", schema: aNumber });
    const any = kv(broker, "things", { declare: "leave" });
    await broker.start();
    await numbers.put("a", 1);
    await assertRejects(() => numbers.put("a", "x" as never), Error, "fit its schema");
    const revision = await any.put("a", "x");
    const error = await assertRejects(() => numbers.get("a"), EntryError);
    assertEquals([error.bucket, error.key, error.revision], ["things", "a", revision]);
    await assertRejects(() => Array.fromAsync(numbers.history()), EntryError);
  },
);

onEveryJetStream("Bucket says in its error that it does not exist", async (server) => {
  const broker = server.broker();
  await broker.start();
  const none = kv(broker, "none");
  for (const call of [() => none.get("a"), () => none.put("a", 1), () => none.info()]) {
    const error = await assertRejects(call, NotFoundError, 'the bucket "none"');
    assertEquals(error.kind, "bucket");
  }
  await assertRejects(() => Array.fromAsync(none.keys()), NotFoundError);
});

onEveryJetStream("kv() and its bucket reject wrong arguments immediately", async (server) => {
  const broker = server.broker();
  const wrong = (call: () => unknown) => assertThrows(call, TypeError).message;
  assertEquals(
    [
      wrong(() => kv(broker, "a.b")),
      wrong(() => kv(broker, "a", { history: 65 })),
      wrong(() => kv(broker, "a", { keyTtl: "10ms" })),
      wrong(() => kv(broker, "a", { declare: "yes" as never })),
      wrong(() => kv(broker, "a", { republish: { src: "a" } as never })),
      wrong(() => kv({} as never, "a")),
    ],
    [
      'Cannot use a bucket as a bucket must be 1 to 252 letters, digits, - and _: "a.b"',
      'Cannot use a bucket as "history" must be a whole number from 1 to 64: 65',
      'Cannot use a bucket as "keyTtl" must be true, false, or a duration of "1s" or more: "10ms"',
      'Cannot use a bucket as "declare" must be one of "verify", "create", "update", "leave": "yes"',
      'Cannot use a bucket as "republish" must have "src" and "dest": one is missing',
      'Cannot register the door "kv" as its broker must be a NatsBroker: [object Object]',
    ],
  );
  await broker.stop();
});
