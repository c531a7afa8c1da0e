import { NatsBroker } from "@signalbox/nats";
import { jetstream, stream } from "@signalbox/nats/jetstream";
import { NotFoundError, NotStoredError, ObjectError, objects } from "@signalbox/nats/obj";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import {
  askJetStream,
  bytesOf,
  chunksIn,
  digestOf,
  filesOn,
  infoSubject,
  readWhole,
  store,
} from "../support/objects.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { until } from "../support/nats_server/until.ts";
import { within } from "../support/within.ts";

const SOON = 5_000;

/** The error of a call that must fail, with its class, within five seconds. */
async function faultOf(call: () => Promise<unknown>): Promise<ObjectError> {
  return await within("it must fail", assertRejects(call, ObjectError), SOON);
}

Deno.test("objects() says what a bucket cannot be called, and which option is wrong", () => {
  const broker = new NatsBroker();
  const wrong = (name: unknown, options?: unknown) =>
    assertThrows(() => objects(broker, name as never, options as never), TypeError).message;
  const rule = 'must be 1 to 200 of A-Z, a-z, 0-9, "_", "-"';
  assertEquals(
    [wrong(""), wrong("a.b"), wrong("a b"), wrong(7)],
    ['""', '"a.b"', '"a b"', "7"].map((shown) =>
      `Cannot use a bucket as the name of a bucket ${rule}: ${shown}`
    ),
  );
  for (
    const [options, said] of [
      [{ declare: "make" }, '"declare" must be one of "verify", "create", "update", "leave"'],
      [{ ttl: -1 }, '"ttl" must be milliseconds from 100 on'],
      [{ maxBytes: 1.5 }, '"maxBytes" must be a whole number of 1 or more, or Infinity'],
      [{ storage: "disk" }, '"storage" must be one of "file", "memory"'],
      [{ replicas: 0 }, '"replicas" must be a whole number of 1 or more'],
      [{ chunkSize: "1MB" }, '"chunkSize" must be a whole number of 1 or more'],
      [{ metadata: { a: 1 } }, '"metadata" must be an object of texts'],
      [{ timeout: "soon" }, '"timeout" must be milliseconds from 1'],
      [{ keyTtl: true }, "an option must be one of"],
      [{ readOnly: true, declare: "create" }, '"declare" must be "verify" or "leave"'],
    ] as const
  ) {
    const message = wrong("files", options);
    assert(
      message.startsWith('Cannot use the bucket "files" as ') && message.includes(said),
      message,
    );
  }
});

Deno.test("objects() gives the same bucket for the same name, unless its options are others", () => {
  const broker = new NatsBroker();
  const files = objects(broker, "files", { declare: "create", ttl: "1d" });
  assertEquals(objects(broker, "files"), files);
  assertEquals(objects(broker, "files", { declare: "create", ttl: 86_400_000 }), files);
  assertThrows(() => objects(broker, "files", { ttl: "2d" }), TypeError, "first given");
  assert(objects(broker, "others") !== files);
  assert(objects(broker, "files", { domain: "hub" }) !== files);
});

onEveryJetStream("Objects rejects wrong names, bodies and options", async (server) => {
  const files = await filesOn(server.broker());
  const wrong = async (call: () => Promise<unknown>) =>
    (await assertRejects(call, TypeError)).message.replace(/^Cannot .*? as /, "");
  const locked = new Blob(["x"]).stream();
  locked.getReader();
  const name = "the name of an object must be text of 1 to 1200 bytes";
  const body = "its body must be bytes, a stream of them, a Blob or an open file";
  const texts = new ReadableStream({ start: (controller) => controller.enqueue("text") });
  assertEquals(
    [
      await wrong(() => files.put("", bytesOf(1))),
      await wrong(() => files.get("☃".repeat(401))),
      await wrong(() => files.info(7 as never)),
      await wrong(() => files.delete("\ud800")),
      await wrong(() => files.put("x", "text" as never)),
      await wrong(() => files.put("x", undefined as never)),
      await wrong(() => files.put("x", locked)),
      await wrong(() => files.put("x", texts as never)),
      await wrong(() => files.put("x", bytesOf(1), { headers: 7 as never })),
      await wrong(() => files.put("x", bytesOf(1), { headers: { "a b": "1" } })),
      await wrong(() => files.put("x", bytesOf(1), { ttl: 5 } as never)),
      await wrong(() => files.get("x", { range: [1.5] })),
      await wrong(() => files.get("x", { range: 5 as never })),
      await wrong(() => files.link("x", {} as never)),
      await wrong(() => files.link("x", { bucket: "a.b" })),
      await wrong(() => files.collect({ olderThan: "soon" as never })),
    ],
    [
      `${name}: ""`,
      `${name}: 401 characters`,
      `${name}: 7`,
      `${name}: ${JSON.stringify("\ud800")}`,
      `${body}: "text"`,
      `${body}: undefined`,
      "nobody else must read its stream: it is locked",
      'each part of its stream must be a Uint8Array: "text"',
      '"headers" must be an object of text, or pairs [name, value]: 7',
      'its name must be printable ASCII without ":": "a b"',
      'an option must be one of headers, description, metadata, signal, revision, onProgress: "ttl"',
      '"range" must be [start, end] or [start], of whole numbers: [object Array]',
      '"range" must be [start, end] or [start], of whole numbers: 5',
      "a link must lead to { bucket, name }, either of them or both: [object Object]",
      'the name of a bucket must be 1 to 200 of A-Z, a-z, 0-9, "_", "-": "a.b"',
      '"olderThan" must be milliseconds from 0 to 2147483647, or text such as "30s": "soon"',
    ],
  );
  assertEquals(await Array.fromAsync(files.list()), []);
});

onEveryJetStream("Objects says in its error that the bucket does not exist", async (server) => {
  const broker = server.broker();
  await broker.start();
  const files = objects(broker, "nowhere", { declare: "leave", timeout: "10s" });
  const calls = [
    () => files.put("x", bytesOf(1)),
    () => files.get("x"),
    () => files.info("x"),
    () => files.delete("x"),
    () => files.link("x", { name: "y" }),
    () => Array.fromAsync(files.list()),
    () => files.collect(),
  ];
  for (const call of calls) {
    const error = await within("it must fail", assertRejects(call, NotFoundError), SOON);
    assertEquals([error.kind, error.message.includes('"nowhere"')], ["bucket", true], `${call}`);
  }
});

onEveryJetStream(
  "Objects.get() says that a chunk is missing, before it gives anything",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker);
    const { id } = await files.put("x", bytesOf(600_000));
    const { message } = await askJetStream(broker, "STREAM.MSG.GET.OBJ_files", {
      seq: 3,
      next_by_subj: `$O.files.C.${id}`,
    });
    await askJetStream(broker, "STREAM.MSG.DELETE.OBJ_files", { seq: message.seq });
    const error = await faultOf(() => files.get("x"));
    assertEquals([error.reason, error.bucket, error.object], ["incomplete", "files", "x"]);
    await askJetStream(broker, "STREAM.PURGE.OBJ_files", { filter: `$O.files.C.${id}` });
    assertEquals((await faultOf(() => files.get("x"))).reason, "incomplete");
    const range = () => files.get("x", { range: [300_000, 300_010] });
    assertEquals((await faultOf(range)).reason, "incomplete");
  },
);

onEveryJetStream(
  "StoredObject.readable ends with an error as its chunks are deleted",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker);
    await files.put("x", bytesOf(8_000_000));
    const found = (await files.get("x"))!;
    const reader = found.readable.getReader();
    await reader.read();
    await files.put("x", bytesOf(10));
    const rest = async () => {
      while (!(await reader.read()).done);
    };
    assertEquals((await faultOf(rest)).reason, "incomplete");
  },
);

onEveryJetStream(
  "StoredObject.readable ends with an error for bytes that were not put",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker);
    const info = { name: "x", bucket: "files", nuid: "ID", chunks: 1 };
    const digest = digestOf(bytesOf(10));
    const other = digestOf(bytesOf(11));
    await store(broker, "$O.files.C.ID", bytesOf(10));
    for (
      const [said, rule] of [
        [{ size: 10, digest: other }, `its digest must be ${other}: it is ${digest}`],
        [{ size: 9, digest }, "it must have 9 bytes: it has more"],
      ] as const
    ) {
      await store(broker, infoSubject("x"), { ...info, ...said });
      const error = await faultOf(async () => await readWhole(await files.get("x")));
      assertEquals([error.reason, error.message.includes(rule)], ["corrupt", true], error.message);
    }
    await store(broker, infoSubject("x"), { ...info, size: 11, digest });
    const short = await faultOf(async () => await readWhole(await files.get("x")));
    assertEquals(short.reason, "incomplete");
    // the same bytes, by all ways to write the digest
    const hex = bytesFrom(digest).toHex();
    const plain = bytesFrom(digest).toBase64();
    for (
      const written of [
        digest,
        digest.replaceAll("=", "").replace("SHA-256", "sha-256="),
        plain,
        hex,
      ]
    ) {
      const spelt = written.includes("256") ? written : `SHA-256=${written}`;
      await store(broker, infoSubject("x"), { ...info, size: 10, digest: spelt });
      assertEquals(await readWhole(await files.get("x")), bytesOf(10));
    }
  },
);

function bytesFrom(digest: string): Uint8Array {
  return Uint8Array.fromBase64(digest.slice("SHA-256=".length), { alphabet: "base64url" });
}

onEveryJetStream("Objects says why an info is unreadable", async (server) => {
  const broker = server.broker();
  const files = await filesOn(broker);
  const good = { name: "x", nuid: "ID", size: 1, chunks: 1, digest: digestOf(bytesOf(1)) };
  const { id: kept } = await files.put("kept", bytesOf(300_000));
  const bad = [
    "no JSON",
    "null",
    "[]",
    { ...good, size: -1 },
    { ...good, size: "1" },
    { ...good, chunks: 1e300 },
    { ...good, nuid: ">" },
    { ...good, nuid: "*" },
    { ...good, nuid: "a.b" },
    { ...good, nuid: undefined },
    { ...good, digest: "MD5=x" },
    { ...good, digest: undefined },
  ];
  for (const info of bad) {
    await store(broker, infoSubject("x"), info);
    const error = await faultOf(() => files.get("x"));
    assertEquals([error.reason, error.object], ["unreadable", "x"], JSON.stringify(info));
  }
  await store(broker, infoSubject("x"), { ...good, nuid: ">" });
  const errors = recorded(broker);
  assertEquals((await Array.fromAsync(files.list())).map(({ name }) => name), ["kept"]);
  await until("it is told", () => errorsIn(errors).some((error) => error instanceof ObjectError));
  assertEquals((await faultOf(() => files.collect({ olderThan: 0 }))).reason, "unreadable");
  await files.put("x", bytesOf(1));
  await store(broker, infoSubject("x"), { ...good, nuid: ">" });
  assertEquals(await files.delete("x"), true);
  assertEquals([await files.delete("x"), await files.info("x")], [false, undefined]);
  // ">" would have purged the chunks of every object
  assertEquals((await chunksIn(broker))[`$O.files.C.${kept}`], 3);
});

onEveryJetStream(
  "Objects.put() fails soon where the stream of the bucket takes no chunks, and names the bucket",
  async (server) => {
    const other = stream("OBJ_other", { subjects: ["other.>"], declare: "create" });
    const broker = server.broker();
    jetstream(broker, { streams: [other] });
    const files = objects(broker, "other", { declare: "leave" });
    await broker.start();
    const put = () => files.put("a", new Uint8Array(1));
    const error = await within("it must fail", assertRejects(put, NotFoundError), SOON);
    assertEquals(error.message, 'Cannot put "a" in the bucket "other" as the bucket must exist');
  },
);

onEveryJetStream(
  "Objects.put() fails after its timeout where another stream takes the chunks",
  async (server) => {
    const bucket = stream("OBJ_bent", { subjects: ["bent.>"], declare: "create" });
    const thief = stream("THIEF", { subjects: ["$O.bent.>"], declare: "create" });
    const broker = server.broker();
    jetstream(broker, { streams: [bucket, thief] });
    const files = objects(broker, "bent", { declare: "leave", timeout: "2s" });
    await broker.start();
    const put = () => files.put("a", new Uint8Array(1));
    await within("it must fail", assertRejects(put, NotStoredError), SOON);
  },
);
