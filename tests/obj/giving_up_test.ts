import { LimitError, NotStoredError, objects } from "@signalbox/nats/obj";
import { ConnectionError } from "@signalbox/nats";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import type { RawMessage } from "../../src/door/mod.ts";
import { type Backend, onEveryJetStream, onEveryServer } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import {
  askJetStream,
  bytesOf,
  chunksIn,
  filesOn,
  readWhole,
  streamOf,
} from "../support/objects.ts";
import { within } from "../support/within.ts";

const BYTES = bytesOf(1_000_000);

/** A stream that gives some parts, and then nothing more for ever; tells why it was cancelled. */
function stalling(parts: number) {
  const cancelled = Promise.withResolvers<unknown>();
  let given = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (given++ >= parts) return new Promise(() => {});
      controller.enqueue(BYTES.slice(0, 131_072));
    },
    cancel: (reason) => cancelled.resolve(reason),
  }, { highWaterMark: 0 });
  return { stream, cancelled: cancelled.promise };
}

async function withOneObject(server: Backend) {
  const broker = server.broker();
  const files = await filesOn(broker);
  const { id } = await files.put("x", bytesOf(10));
  const isAsBefore = async () => {
    assertEquals(await chunksIn(broker), { [`$O.files.C.${id}`]: 1 });
    assertEquals(await readWhole(await files.get("x")), bytesOf(10));
    assertEquals(await files.collect({ olderThan: 0 }), 0);
  };
  return { broker, files, isAsBefore };
}

onEveryJetStream(
  "Objects.put() that is given up leaves nothing, and tells its source",
  async (server) => {
    const { files, isAsBefore } = await withOneObject(server);
    for (const parts of [0, 1, 3, 40]) {
      const { stream, cancelled } = stalling(parts);
      const controller = new AbortController();
      const stored = Promise.withResolvers<void>();
      const onProgress = (bytes: number) => bytes >= parts * 131_072 && stored.resolve();
      const putting = files.put("x", stream, { signal: controller.signal, onProgress });
      putting.catch(() => {});
      if (parts > 0) await stored.promise;
      const reason = new Error("no more");
      controller.abort(reason);
      const error = await within("it must end", assertRejects(() => putting));
      assertEquals([error, await within("it must be told", cancelled)], [reason, reason]);
      await isAsBefore();
    }
    const aborted = AbortSignal.abort(new Error("before"));
    const early = () => files.put("x", BYTES, { signal: aborted });
    assertEquals((await assertRejects(early, Error)).message, "before");
  },
);

onEveryJetStream("Objects.put() given up at any moment leaves all or nothing", async (server) => {
  const { broker, files } = await withOneObject(server);
  for (let turn = 0; turn < 20; turn++) {
    const controller = new AbortController();
    const putting = files.put("y", BYTES, { signal: controller.signal }).then(
      () => true,
      () => false,
    );
    for (let at = 0; at < turn; at++) await broker.flush();
    controller.abort(new Error("no more"));
    const isStored = await putting;
    const found = await files.get("y");
    assertEquals(found !== undefined, isStored);
    if (found) assertEquals(await readWhole(found), BYTES);
    await files.delete("y");
    assertEquals(await files.collect({ olderThan: 0 }), 0);
  }
});

onEveryJetStream(
  "Objects.put() whose body fails gives its error, and leaves nothing",
  async (server) => {
    const { files, isAsBefore } = await withOneObject(server);
    for (const at of [0, 131_072, 700_000]) {
      const failing = streamOf(BYTES, 65_536, (sent) => {
        if (sent >= at) throw new Error(`failed at ${at}`);
      });
      const error = await assertRejects(() => files.put("x", failing), Error);
      assertEquals(error.message, `failed at ${at}`);
      await isAsBefore();
    }
    async function* parts() {
      yield BYTES.slice(0, 200_000);
      yield await Promise.reject(new RangeError("no part"));
    }
    await assertRejects(() => files.put("x", parts()), RangeError, "no part");
    await isAsBefore();
  },
);

onEveryJetStream(
  "Objects.put() that does not fit into its bucket leaves nothing",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker, { maxBytes: 1_500_000 });
    await files.put("x", BYTES);
    const error = await assertRejects(() => files.put("y", BYTES), LimitError);
    assert(error.message.includes("maximum bytes exceeded"), error.message);
    assertEquals((await Array.fromAsync(files.list())).map(({ name }) => name), ["x"]);
    assertEquals([Object.keys(await chunksIn(broker)).length, await files.collect()], [1, 0]);
    assertEquals(await readWhole(await files.get("x")), BYTES);
  },
);

onEveryJetStream(
  "Objects.put() says that the storage of the server is full, and leaves nothing",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker);
    const bodies = () => streamOf(bytesOf(8_000_000), 100_000);
    const error = await within(
      "it must fail",
      assertRejects(() => files.put("y", bodies()), LimitError),
    );
    assert(error.errCode > 0, error.message);
    assertEquals([await chunksIn(broker), await files.collect({ olderThan: 0 })], [{}, 0]);
    await files.put("y", BYTES);
    assertEquals(await readWhole(await files.get("y")), BYTES);
  },
  { jetstream: { maxMemory: 4_000_000 } },
);

onEveryJetStream(
  "broker.stop() gives up the puts that run, and leaves nothing of them",
  async (server) => {
    const { files, broker } = await withOneObject(server);
    const { stream, cancelled } = stalling(3);
    const stored = Promise.withResolvers<void>();
    const onProgress = (bytes: number) => bytes >= 3 * 131_072 && stored.resolve();
    const putting = assertRejects(() => files.put("y", stream, { onProgress }), ConnectionError);
    await stored.promise;
    await broker.stop();
    assertEquals((await within("it must end", putting)).reason, "closed");
    assertInstanceOf(await cancelled, ConnectionError);
    const other = server.broker();
    const same = await filesOn(other);
    assertEquals(
      [await same.collect({ olderThan: 0 }), Object.keys(await chunksIn(other)).length],
      [0, 1],
    );
  },
);

onEveryJetStream("Objects.put() fails once no stream takes its chunks any more", async (server) => {
  const broker = server.broker();
  const files = await filesOn(broker, { timeout: "2s" });
  let parts = 0;
  const body = streamOf(BYTES, 131_072, async () => {
    if (++parts === 3) await broker.request("$JS.API.STREAM.DELETE.OBJ_files", {});
  });
  const error = await within("it must fail", assertRejects(() => files.put("x", body), Error));
  assert(error.name === "NotFoundError" || error instanceof NotStoredError, error.message);
});

onEveryJetStream(
  "Objects.collect() gives back what a process has left that died",
  async (server) => {
    const { broker, files } = await withOneObject(server);
    for (const id of ["LOST", "OLD"]) {
      for (let at = 0; at < 3; at++) await broker.request(`$O.files.C.${id}`, bytesOf(1_000 + at));
    }
    assertEquals(await files.collect(), 0);
    assertEquals(Object.keys(await chunksIn(broker)).length, 3);
    const { stream } = stalling(3);
    const controller = new AbortController();
    const stored = Promise.withResolvers<void>();
    const onProgress = (bytes: number) => bytes >= 3 * 131_072 && stored.resolve();
    const running = files.put("y", stream, { signal: controller.signal, onProgress });
    running.catch(() => {});
    await stored.promise;
    // what this process is about to put is not lost
    assertEquals(await files.collect({ olderThan: 0 }), 6_006);
    assertEquals(Object.keys(await chunksIn(broker)).length, 2);
    controller.abort();
    await assertRejects(() => running);
    await until("it is given back", async () => Object.keys(await chunksIn(broker)).length === 1);
  },
);

onEveryJetStream(
  "Objects.put() deletes what others have stored among its chunks",
  async (server) => {
    const { files, broker } = await withOneObject(server);
    let id = "";
    const body = streamOf(BYTES, 131_072, async (sent) => {
      if (sent !== 4 * 131_072) return;
      const subject = await until("some of it is stored", async () => {
        const chunks = await chunksIn(broker);
        return Object.keys(chunks).find((one) => chunks[one]! > 1);
      });
      id = subject.split(".").at(-1)!;
      await broker.request(subject, "not a chunk");
      await broker.request(subject, "another", { headers: { "Nats-Msg-Id": `${id}.0.7` } });
    });
    const put = await files.put("y", body);
    assertEquals([put.id, (await chunksIn(broker))[`$O.files.C.${id}`]], [id, put.chunks]);
    assertEquals(await readWhole(await files.get("y")), BYTES);
  },
);

for (const who of ["somebody who says nothing", "somebody who answers anything"]) {
  onEveryJetStream(
    `Objects.put() fails in time where the server answers, and ${who} takes the chunks`,
    async (server) => {
      const { api: { access }, broker } = await Workshop.at(server);
      // as on a full disk: the server answers what it is asked, and stores nothing
      await askJetStream(broker, "STREAM.CREATE.OBJ_files", {
        name: "OBJ_files",
        subjects: ["$O.files.M.>"],
        storage: "memory",
      });
      let sent = 0;
      const take = ({ replyTo }: RawMessage) => {
        sent++;
        if (who.endsWith("anything")) access.publish(replyTo, new TextEncoder().encode("thanks"));
      };
      access.subscribe("$O.files.C.>", take);
      await access.flush();
      const files = objects(broker, "files", { declare: "leave", timeout: "3s" });
      const since = performance.now();
      const error = await assertRejects(() => files.put("x", bytesOf(1_000_000)), NotStoredError);
      const rule = "something must be stored every 3000 ms: nothing was";
      assertEquals(error.message, `Cannot put "x" in the bucket "files" as ${rule}`);
      const took = performance.now() - since;
      assert(took > 2_500 && took < 9_000, `${took} ms`);
      assert(sent < 300, `${sent} chunks were sent`);
    },
  );
}

onEveryServer(
  "Objects.put() that finds no room says what it could not put, and later it can",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker, { storage: "memory" });
    const error = await assertRejects(() => files.put("x", bytesOf(4_000_000)), LimitError);
    assertEquals(error.message.slice(0, 39), 'Cannot put "x" in the bucket "files" as');
    assertEquals(await chunksIn(broker), {});
    await files.put("x", BYTES);
    assertEquals(await readWhole(await files.get("x")), BYTES);
  },
  { jetstream: { maxMemory: 3_000_000 } },
);
