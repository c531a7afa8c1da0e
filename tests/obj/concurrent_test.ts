import { NatsBroker } from "@signalbox/nats";
import { objects } from "@signalbox/nats/obj";
import { TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { bytesOf, chunksIn, digestOf, filesOn, readWhole, streamOf } from "../support/objects.ts";
import { within } from "../support/within.ts";

const WRITERS = 8;

onEveryJetStream(
  "Objects.put() of one name by eight at once leaves one whole object",
  async (server) => {
    const brokers = Array.from({ length: 4 }, () => server.broker());
    const buckets = await Promise.all(brokers.map((broker) => filesOn(broker)));
    const bodies = Array.from({ length: WRITERS }, (_, at) => bytesOf(400_000 + at, at + 1));
    for (let round = 0; round < 3; round++) {
      const puts = await Promise.all(
        bodies.map((body, at) => buckets[at % 4]!.put("x", streamOf(body, 50_000))),
      );
      const last = puts.toSorted((a, b) => b.revision - a.revision)[0]!;
      const found = (await buckets[0]!.get("x"))!;
      assertEquals([found.id, found.digest], [last.id, last.digest]);
      assertEquals(digestOf(await readWhole(found)), found.digest);
      assertEquals(await chunksIn(brokers[0]!), { [`$O.files.C.${last.id}`]: last.chunks });
    }
  },
);

onEveryJetStream("Objects.get() gives one whole object while others replace it", async (server) => {
  const [writer, reader] = [server.broker(), server.broker()];
  const [put, got] = [await filesOn(writer), await filesOn(reader)];
  const bodies = Array.from({ length: 20 }, (_, at) => bytesOf(150_000 + at, at + 1));
  const digests = new Set(bodies.map(digestOf));
  await put.put("x", bodies[0]!);
  let isOver = false;
  const writing = (async () => {
    for (const body of bodies) await put.put("x", body);
    isOver = true;
  })();
  let reads = 0;
  while (!isOver) {
    const found = (await got.get("x"))!;
    // what has begun may be cut off as its chunks go, and is then never taken for whole
    const read = await readWhole(found).catch((error) => error);
    if (read instanceof Uint8Array) assert(digests.has(digestOf(read)));
    else assertEquals([read.name, read.reason], ["ObjectError", "incomplete"]);
    reads++;
  }
  await writing;
  assert(reads > 0);
});

Deno.test("Objects.put() of one name by eight at once leaves one whole object, through kills", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  const options = { logger: false, reconnect: { minDelay: 10, maxDelay: 50 } } as const;
  await using broker = new NatsBroker(server.url, options);
  const files = await filesOn(broker);
  let isOver = false;
  const killing = (async () => {
    for (let kills = 0; !isOver; kills++) {
      await new Promise((resolve) => setTimeout(resolve, 150 + 37 * kills % 200));
      await server.kill();
      await server.restart();
    }
  })();
  const puts = Array.from({ length: WRITERS }, (_, at) =>
    files.put(
      "x",
      streamOf(bytesOf(3_000_000 + at, at + 1), 100_000, () =>
        new Promise((resolve) =>
          setTimeout(resolve, 20)
        )),
    ));
  const outcomes = await within("they must end", Promise.allSettled(puts), 60_000);
  isOver = true;
  await killing;
  const stored = outcomes.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  assert(stored.length > 0, JSON.stringify(outcomes));
  const found = (await files.get("x"))!;
  assertEquals(digestOf(await readWhole(found)), found.digest);
  await files.collect({ olderThan: 0 });
  assertEquals(await chunksIn(broker), { [`$O.files.C.${found.id}`]: found.chunks });
});

/** Puts an object part by part, until it is killed. */
const UPLOAD = `
import { NatsBroker } from "@signalbox/nats";
import { objects } from "@signalbox/nats/obj";
const broker = new NatsBroker(Deno.args[0], { logger: false });
const files = objects(broker, "files");
await broker.start();
const body = new ReadableStream({
  async pull(controller) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    controller.enqueue(new Uint8Array(131_072));
  },
});
await files.put("x", body, { onProgress: (stored) => console.log(stored) });
`;

onEveryJetStream(
  "Objects.collect() deletes the chunks that a killed process has left",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker);
    const path = await Deno.makeTempFile({
      dir: new URL("..", import.meta.url).pathname,
      suffix: ".ts",
    });
    try {
      await Deno.writeTextFile(path, UPLOAD);
      const args = ["run", "-A", "--no-check", "--quiet", path, server.url];
      const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
      let lines = 0;
      for await (const _ of child.stdout) if (++lines >= 3) child.kill("SIGKILL");
      await child.status;
    } finally {
      await Deno.remove(path);
    }
    const [chunks] = Object.values(await chunksIn(broker));
    assert(chunks! >= 3);
    assertEquals(await files.collect(), 0);
    assertEquals(await files.collect({ olderThan: 0 }), chunks! * 131_072);
    assertEquals([await chunksIn(broker), await files.get("x")], [{}, undefined]);
  },
);

Deno.test("Objects.collect() leaves what was stored within the hour", async () => {
  const broker = new NatsBroker();
  const files = objects(broker, "files", { declare: "create" });
  await using test = await TestBroker.start(broker, { time: "moved" });
  await broker.request("$O.files.C.LOST", new Uint8Array(1_000));
  await test.advance("59m");
  assertEquals(await files.collect(), 0);
  await test.advance("1m");
  assertEquals(await files.collect(), 1_000);
});
