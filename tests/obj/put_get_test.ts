import type { ObjectBody } from "@signalbox/nats/obj";
import { assert, assertEquals } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import {
  bytesOf,
  chunksIn,
  consumersIn,
  digestOf,
  filesOn,
  readWhole,
  streamOf,
} from "../support/objects.ts";

const CHUNK = 131_072;

onEveryJetStream(
  "Objects.put() stores bytes of any length, and get() gives them back",
  async (server) => {
    const files = await filesOn(server.broker());
    for (const length of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK, 1_000_003]) {
      const body = bytesOf(length, length + 1);
      const put = await files.put("one", body);
      const chunks = Math.ceil(length / CHUNK);
      assertEquals([put.size, put.chunks, put.digest], [length, chunks, digestOf(body)]);
      assertEquals(await readWhole(await files.get("one")), body);
    }
  },
);

onEveryJetStream("Objects.put() takes every kind of body", async (server) => {
  const files = await filesOn(server.broker());
  const bytes = bytesOf(300_001);
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, bytes);
  async function* parts() {
    const part = new Uint8Array(7_000);
    for (let at = 0; at < bytes.length; at += part.length) {
      // the same buffer each time: what was given must have been copied
      const length = Math.min(part.length, bytes.length - at);
      part.set(bytes.subarray(at, at + length));
      yield await Promise.resolve(part.subarray(0, length));
    }
  }
  const bodies: Readonly<Record<string, ObjectBody>> = {
    bytes,
    "a view": new Uint8Array(bytes.buffer, 0, bytes.length),
    buffer: bytes.slice().buffer,
    blob: new Blob([bytes]),
    file: await Deno.open(path),
    iterable: parts(),
    "small parts": streamOf(bytes, 1_000),
    "large parts": streamOf(bytes, 290_000),
    "empty parts": new Blob(["", bytes, ""]).stream(),
  };
  for (const [name, body] of Object.entries(bodies)) {
    const { digest, chunks } = await files.put(name, body);
    assertEquals([name, digest, chunks], [name, digestOf(bytes), 3]);
    assertEquals(await readWhole(await files.get(name)), bytes, name);
  }
  await Deno.remove(path);
});

onEveryJetStream("Objects.info() returns the description that put() was given", async (server) => {
  const broker = server.broker();
  const files = await filesOn(broker);
  const before = Date.now();
  const put = await files.put("a.png", bytesOf(10), {
    headers: { "Content-Type": "image/png", "X-Many": ["1", "2"] },
    description: "A picture",
    metadata: { owner: "ada", ["__proto__"]: "x" },
  });
  const info = (await files.info("a.png"))!;
  assertEquals([info.name, info.bucket, info.size, info.chunks], ["a.png", "files", 10, 1]);
  assertEquals([...info.headers], [["Content-Type", "image/png"], ["X-Many", "1"], [
    "X-Many",
    "2",
  ]]);
  assertEquals(info.headers.get("content-type"), "image/png");
  assertEquals([info.description, info.metadata.owner], ["A picture", "ada"]);
  assertEquals(Object.getPrototypeOf(info.metadata), Object.prototype);
  assertEquals([info.link, info.chunkSize, info.id], [undefined, CHUNK, put.id]);
  assertEquals(info.revision, put.revision);
  assert(Math.abs(info.time.getTime() - before) < 5_000);
  assertEquals(await files.info("b.png"), undefined);
});

onEveryJetStream("Objects takes any text as a name", async (server) => {
  const files = await filesOn(server.broker());
  const names = [
    "a",
    "a b",
    "..",
    "*",
    ">",
    "große/日本 ☃",
    "\n\0",
    "__proto__",
    "x".repeat(1_200),
  ];
  for (const [at, name] of names.entries()) await files.put(name, bytesOf(at + 1));
  for (const [at, name] of names.entries()) {
    const found = await files.get(name);
    assertEquals([found?.name, await readWhole(found)], [name, bytesOf(at + 1)]);
  }
  assertEquals((await Array.fromAsync(files.list())).map(({ name }) => name), names);
});

onEveryJetStream(
  "Objects.put() replaces an object, and frees the room of the one before",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker);
    const { id: first } = await files.put("x", bytesOf(300_000));
    const { id } = await files.put("x", bytesOf(200_000, 2));
    assert(first !== id);
    assertEquals(await chunksIn(broker), { [`$O.files.C.${id}`]: 2 });
    assertEquals(await readWhole(await files.get("x")), bytesOf(200_000, 2));
  },
);

onEveryJetStream(
  "Objects.delete() says whether there was one, and leaves no chunk",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker);
    await files.put("x", bytesOf(300_000));
    await files.put("y", bytesOf(1));
    assertEquals([await files.delete("x"), await files.delete("x")], [true, false]);
    assertEquals(await files.delete("never"), false);
    assertEquals([await files.get("x"), await files.info("x")], [undefined, undefined]);
    assertEquals((await Array.fromAsync(files.list())).map(({ name }) => name), ["y"]);
    assertEquals(Object.values(await chunksIn(broker)), [1]);
    await files.put("x", bytesOf(5));
    assertEquals(await readWhole(await files.get("x")), bytesOf(5));
  },
);

onEveryJetStream("Objects.get() gives a range as slice() would", async (server) => {
  const files = await filesOn(server.broker());
  const bytes = bytesOf(500_000);
  await files.put("x", bytes);
  const ranges: (readonly [number, number?])[] = [
    ...[[0], [0, 500_000], [0, 1], [499_999], [-1], [-200_000], [131_072], [131_071, 131_073]],
    ...[[131_072, 262_144], [100, 400_000], [-400_000, -100], [10, 10], [20, 10], [600_000]],
    ...[[0, 600_000], [-600_000, 5]],
  ] as never;
  for (const range of ranges) {
    const found = (await files.get("x", { range }))!;
    assertEquals(await readWhole(found), bytes.slice(...range), `${range}`);
    assertEquals(found.part.end - found.part.start, bytes.slice(...range).length);
    assertEquals(found.size, bytes.length);
  }
});

onEveryJetStream(
  "Objects.get() leaves nothing on the server, whether it is read or not",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker);
    await files.put("x", bytesOf(4_000_000));
    await readWhole(await files.get("x"));
    await readWhole(await files.get("x", { range: [3_000_000, 3_100_000] }));
    {
      await using _unread = await files.get("x");
    }
    await (await files.get("x"))!.readable.cancel();
    for await (const _ of (await files.get("x"))!.readable) break;
    for await (const _ of files.list()) break;
    // the server deletes them after it was told to
    await until("no consumer is left", async () => await consumersIn(broker) === 0);
  },
);

onEveryJetStream("Objects.put() reports its progress", async (server) => {
  const files = await filesOn(server.broker());
  const told: number[] = [];
  await files.put("x", bytesOf(300_000), { onProgress: (stored) => told.push(stored) });
  assertEquals(told, [CHUNK, 2 * CHUNK, 300_000]);
});

onEveryJetStream("Objects.put() with a revision puts only in place of that one", async (server) => {
  const broker = server.broker();
  const files = await filesOn(broker);
  const first = await files.put("x", bytesOf(1), { revision: 0 });
  const failed = await files.put("x", bytesOf(2), { revision: 0 }).catch((error) => error);
  assertEquals(failed.name, "ConflictError");
  const second = await files.put("x", bytesOf(3), { revision: first.revision });
  assertEquals((await files.info("x"))!.revision, second.revision);
  assertEquals(await readWhole(await files.get("x")), bytesOf(3));
  assertEquals(Object.values(await chunksIn(broker)), [1]);
});
