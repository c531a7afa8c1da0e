import { DifferenceError, NotFoundError, objects } from "@signalbox/nats/obj";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { askJetStream, bytesOf, filesOn, readWhole } from "../support/objects.ts";

const MINUTE = 60_000_000_000;

onEveryJetStream("objects() that creates a bucket makes the one of ADR-20", async (server) => {
  const broker = server.broker();
  await filesOn(broker, {
    ttl: "1m",
    maxBytes: 5_000_000,
    storage: "memory",
    description: "Pictures",
    compression: true,
    metadata: { owner: "ada" },
  });
  const { config } = await askJetStream(broker, "STREAM.INFO.OBJ_files");
  assertEquals(config.subjects, ["$O.files.C.>", "$O.files.M.>"]);
  assertEquals(
    [config.max_age, config.max_bytes, config.storage, config.description, config.compression],
    [MINUTE, 5_000_000, "memory", "Pictures", "s2"],
  );
  assertEquals(
    [config.discard, config.allow_rollup_hdrs, config.allow_direct, config.num_replicas],
    ["new", true, true, 1],
  );
  assertEquals(config.metadata.owner, "ada");
});

onEveryJetStream(
  "objects() that verifies says what is missing or differs, and changes nothing",
  async (server) => {
    const [first, second, third] = [server.broker(), server.broker(), server.broker()];
    objects(first, "files");
    const missing = await assertRejects(() => first.start(), NotFoundError, '"files"');
    assertEquals(missing.kind, "bucket");
    await filesOn(second, { ttl: "1m", maxBytes: 5_000_000 });
    const before = await askJetStream(second, "STREAM.INFO.OBJ_files");
    objects(third, "files", { ttl: "2m", maxBytes: 5_000_000, storage: "memory" });
    const error = await assertRejects(() => third.start(), DifferenceError);
    assertEquals(error.differences.map(({ field, changeable }) => [field, changeable]), [
      ["max_age", true],
      ["storage", false],
    ]);
    const after = await askJetStream(second, "STREAM.INFO.OBJ_files");
    assertEquals(after.config, before.config);
  },
);

onEveryJetStream(
  "objects() uses a bucket of another's, whatever it does not name",
  async (server) => {
    const [peer, broker, other] = [server.broker(), server.broker(), server.broker()];
    await peer.start();
    await askJetStream(peer, "STREAM.CREATE.OBJ_files", {
      name: "OBJ_files",
      subjects: ["$O.files.M.>", "$O.files.C.>"],
      storage: "memory",
      discard: "old",
      allow_rollup_hdrs: true,
      max_age: MINUTE,
      compression: "s2",
      max_msg_size: 10_000,
      metadata: { owner: "a peer" },
    });
    for (const [one, declare] of [[broker, "verify"], [other, "create"]] as const) {
      const files = objects(one, "files", { declare });
      await one.start();
      const { chunks } = await files.put("x", bytesOf(50_000));
      // its messages have a limit, headers included
      assertEquals([chunks, await readWhole(await files.get("x"))], [6, bytesOf(50_000)]);
    }
  },
);

onEveryJetStream("objects() that updates changes only what it names", async (server) => {
  const [first, second] = [server.broker(), server.broker()];
  await filesOn(first, { ttl: "1m", maxBytes: 5_000_000, metadata: { owner: "ada" } });
  const files = objects(second, "files", { declare: "update", ttl: "2m" });
  await second.start();
  const { config } = await askJetStream(second, "STREAM.INFO.OBJ_files");
  assertEquals([config.max_age, config.max_bytes, config.metadata.owner], [
    2 * MINUTE,
    5_000_000,
    "ada",
  ]);
  await files.put("x", bytesOf(5));
});

onEveryJetStream("objects() declared by two at once, both start", async (server) => {
  const brokers = [server.broker(), server.broker(), server.broker()];
  const buckets = await Promise.all(brokers.map((broker) => filesOn(broker, { ttl: "1h" })));
  await buckets[0]!.put("x", bytesOf(5));
  assertEquals(await readWhole(await buckets[2]!.get("x")), bytesOf(5));
});

onEveryJetStream(
  "objects() of a broker that has started declares its bucket before its first use",
  async (server) => {
    const broker = server.broker();
    await broker.start();
    const files = objects(broker, "files", { declare: "create" });
    await files.put("x", bytesOf(5));
    assertEquals(await readWhole(await files.get("x")), bytesOf(5));
    await broker.stop();
    await broker.start();
    assertEquals(await readWhole(await files.get("x")), bytesOf(5));
  },
);

onEveryJetStream("Objects keeps its chunks within the server's size limit", async (server) => {
  const files = await filesOn(server.broker(), { chunkSize: 1_000_000 });
  const put = await files.put("x", bytesOf(100_000));
  assert(put.chunks > 12 && put.chunkSize! < 8_192);
  assertEquals(await readWhole(await files.get("x")), bytesOf(100_000));
}, { maxPayload: 8_192 });

onEveryJetStream("Objects that only reads refuses to write", async (server) => {
  const [writer, reader] = [server.broker(), server.broker()];
  const files = await filesOn(writer);
  await files.put("x", bytesOf(5));
  const same = objects(reader, "files", { readOnly: true });
  await reader.start();
  assertEquals(await readWhole(await same.get("x")), bytesOf(5));
  const writes = [
    () => same.put("y", bytesOf(1)),
    () => same.delete("x"),
    () => same.link("y", { name: "x" }),
    () => same.collect(),
  ];
  for (const write of writes) await assertRejects(write, TypeError, '"readOnly" must be false');
});
