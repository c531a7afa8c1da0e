import { EncodeError, PayloadTooLargeError, ValidationError } from "@signalbox/nats";
import {
  ConflictError,
  IngestError,
  jetstream,
  LimitError,
  NoStreamError,
  NotStoredError,
  stream,
} from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { type Backend, onEveryJetStream } from "../support/backends.ts";
import { started } from "../support/jetstream/started.ts";
import { until } from "../support/nats_server/until.ts";
import { schemaOf } from "../support/schemas.ts";

const since = "2.14";

/** A broker with a stream, and what reads the stream. */
async function readings(server: Backend, config: Record<string, unknown> = {}) {
  const { broker, create, info, access } = await started(server);
  await create({ name: "R", subjects: ["r.>"], allow_batched: true, ...config });
  const js = jetstream(broker);
  const bodies = async () => {
    const read: unknown[] = [];
    for await (const { body } of js.read("R", { until: "now" })) read.push(body);
    return read;
  };
  return { broker, js, info, bodies, access };
}

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, at) => from + at);

onEveryJetStream("js.ingest() stores a pipe in order, by fast batches", async (server) => {
  const { js, bodies } = await readings(server);
  const ingest = js.ingest("r.a");
  assertEquals([ingest.isFast, ingest.seq, ingest.stream], [undefined, undefined, undefined]);
  await ReadableStream.from(numbers(3_000)).pipeTo(ingest);
  assertEquals(await bodies(), numbers(3_000));
  assertEquals([ingest.stored, ingest.pending, ingest.uncertain], [3_000, 0, 0]);
  assertEquals(await ingest.closed, {
    reason: "closed",
    error: undefined,
    stored: 3_000,
    uncertain: 0,
    stream: "R",
    seq: 3_000,
  });
  assertEquals(ingest.isFast, true);
}, { since });

onEveryJetStream(
  "js.ingest() stores items one by one where a stream takes no batches",
  async (server) => {
    const { js, bodies } = await readings(server, { allow_batched: false });
    const ingest = js.ingest("r.a");
    await ReadableStream.from(numbers(300)).pipeTo(ingest);
    const several = js.ingest("r.a", { window: 64 });
    await ReadableStream.from(numbers(300, 300)).pipeTo(several);
    assertEquals(await bodies(), numbers(600));
    assertEquals([ingest.isFast, ingest.stored, ingest.seq], [false, 300, 300]);
    assertEquals([several.isFast, several.stored, several.seq], [false, 300, 600]);
  },
);

onEveryJetStream("js.ingest() fills a pattern, with headers and a time to live", async (server) => {
  const { js } = await readings(server, { allow_msg_ttl: true });
  const ingest = js.ingest("r.{id}.{kind}", { headers: { from: "test", to: "all" } });
  const writer = ingest.getWriter();
  await writer.write({ params: { id: "7", kind: "cold" }, body: -1, headers: { to: "one" } });
  await writer.write({ params: { id: "8", kind: "warm" }, ttl: "1h" });
  await writer.close();
  const found = [];
  for await (const message of js.read("R", { until: "now" })) {
    const { subject, body, headers } = message;
    found.push([
      subject,
      body,
      headers.get("from"),
      headers.get("to"),
      headers.get("Nats-TTL"),
    ]);
  }
  assertEquals(found, [
    ["r.7.cold", -1, "test", "one", undefined],
    ["r.8.warm", undefined, "test", "all", "3600"],
  ]);
}, { since });

onEveryJetStream("js.ingest() stores a slow source at once, item by item", async (server) => {
  const { js, bodies } = await readings(server);
  const ingest = js.ingest("r.a");
  const writer = ingest.getWriter();
  for (const number of numbers(5)) {
    await writer.write(number);
    await until("it is stored", () => ingest.stored === number + 1);
    assertEquals(ingest.seq, number + 1);
  }
  assertEquals(await bodies(), numbers(5));
  await writer.close();
}, { since });

onEveryJetStream(
  "js.ingest() sends subscribers of the subject the items and nothing else",
  async (server) => {
    const { js, broker, access } = await readings(server);
    const heard: unknown[] = [];
    access.subscribe("r.a", ({ data }) => heard.push(JSON.parse(new TextDecoder().decode(data))));
    await broker.flush();
    await ReadableStream.from(numbers(1_200)).pipeTo(js.ingest("r.a"));
    await until("all is heard", () => heard.length >= 1_200);
    await broker.flush();
    assertEquals(heard, numbers(1_200));
  },
  { since },
);

onEveryJetStream("js.ingest() holds back who writes", async (server) => {
  const { js } = await readings(server);
  const ingest = js.ingest("r.a", { maxPending: 10, maxPendingBytes: 1_000_000 });
  let most = 0;
  const source = new ReadableStream({
    pull(controller) {
      most = Math.max(most, ingest.pending);
      if (controller.desiredSize! > 0) controller.enqueue(new Uint8Array(200));
      if (ingest.stored >= 500) controller.close();
    },
  });
  await source.pipeTo(ingest);
  assert(most <= 10, `${most}`);
  const large = js.ingest("r.a", { maxPendingBytes: 1_000 });
  const writer = large.getWriter();
  for (const _ of numbers(50)) await writer.write(new Uint8Array(700));
  await writer.close();
  assertEquals(large.stored, 50);
}, { since });

onEveryJetStream(
  "js.ingest() stores what comes before an item that cannot be sent, and says so",
  async (server) => {
    const { js, bodies, broker } = await readings(server);
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const bad: [unknown, new (...given: never[]) => Error][] = [
      [circle, EncodeError],
      [new Uint8Array(2_000_000), PayloadTooLargeError],
      [11, ValidationError],
    ];
    for (const [item, expected] of bad) {
      const before = (await bodies()).length;
      const options = expected === ValidationError
        ? { schema: schemaOf((value) => value !== 11) as never }
        : {};
      const ingest = js.ingest("r.a", options);
      const items = [...numbers(10), item, ...numbers(10)];
      const error = await assertRejects(
        () => ReadableStream.from(items).pipeTo(ingest),
        IngestError,
      );
      assertInstanceOf(error.cause, expected);
      assertEquals([error.stored, error.uncertain, error.subject], [10, 0, "r.a"]);
      assertEquals((await ingest.closed).error, error);
      assertEquals((await bodies()).slice(before), numbers(10));
    }
    const pattern = js.ingest("r.{id}");
    const writer = pattern.getWriter();
    // a promise that nobody awaits ends nothing
    writer.write({ params: { id: "a b" }, body: 1 });
    const { error } = await pattern.closed;
    assertEquals(error?.stored, 0);
    for (const wrong of [1, { body: 1 }, { params: {} }, { params: { id: "1", x: "2" } }]) {
      const ingest = js.ingest("r.{id}");
      await assertRejects(
        () => ReadableStream.from([wrong as never]).pipeTo(ingest),
        IngestError,
        "params: { id }",
      );
    }
    assertEquals(broker.state, "ready");
  },
  { since },
);

onEveryJetStream("js.ingest() fails soon where no stream takes the subject", async (server) => {
  const { js } = await readings(server);
  const began = performance.now();
  const ingest = js.ingest("nobody.takes");
  const error = await assertRejects(
    () => ReadableStream.from(numbers(3)).pipeTo(ingest),
    IngestError,
  );
  assertInstanceOf(error.cause, NoStreamError);
  assertEquals([error.stored, error.uncertain, ingest.pending], [0, 0, 3]);
  assert(performance.now() - began < 15_000);
});

for (const batched of [true, false]) {
  const way = batched ? "fast batches" : "single messages";
  onEveryJetStream(`js.ingest() says how much a full stream has, by ${way}`, async (server) => {
    const { js, bodies } = await readings(server, {
      max_msgs: 700,
      discard: "new",
      allow_batched: batched,
    });
    const ingest = js.ingest("r.a");
    const error = await assertRejects(
      () => ReadableStream.from(numbers(2_000)).pipeTo(ingest),
      IngestError,
    );
    assertInstanceOf(error.cause, LimitError);
    assertEquals([error.stored, error.uncertain], [700, 0]);
    assertEquals(await bodies(), numbers(700));
  }, batched ? { since } : {});
}

onEveryJetStream(
  "js.ingest() refuses a message that the stream's own limit does not take, after those before",
  async (server) => {
    const { js, bodies } = await readings(server, { max_msg_size: 2_000 });
    const ingest = js.ingest("r.a");
    const items = [...numbers(20), "x".repeat(3_000), ...numbers(20)];
    const error = await assertRejects(
      () => ReadableStream.from(items).pipeTo(ingest),
      IngestError,
    );
    assertInstanceOf(error.cause, LimitError);
    assertEquals([error.stored, error.uncertain], [20, 0]);
    assertEquals(await bodies(), numbers(20));
  },
  { since },
);

onEveryJetStream("js.ingest() ends with its signal, and by abort()", async (server) => {
  const { js } = await readings(server);
  const abort = new AbortController();
  const ingest = js.ingest("r.a", { signal: abort.signal });
  const writer = ingest.getWriter();
  await writer.write(1);
  await until("it is stored", () => ingest.stored === 1);
  abort.abort("enough");
  assertEquals(await writer.write(2).catch((reason) => reason), "enough");
  const { reason, stored, error } = await ingest.closed;
  assertEquals([reason, stored, error], ["aborted", 1, undefined]);
  const other = js.ingest("r.a");
  await other.abort("enough");
  assertEquals((await other.closed).reason, "aborted");
  const late = js.ingest("r.a", { signal: AbortSignal.abort("before") });
  assertEquals((await late.closed).reason, "aborted");
  assertEquals(await late.getWriter().write(1).catch((reason) => reason), "before");
}, { since });

onEveryJetStream(
  "js.ingest(): a broker that stops has what was taken stored first",
  async (server) => {
    const { js, broker, bodies } = await readings(server);
    const ingest = js.ingest("r.a");
    const writer = ingest.getWriter();
    for (const number of numbers(400)) void writer.write(number);
    await until("it is under way", () => ingest.stored + ingest.pending > 0);
    const other = server.broker();
    await other.start();
    await broker.stop();
    const { reason, error, stored, uncertain } = await ingest.closed;
    assertEquals([reason, uncertain], ["failed", 0]);
    assertInstanceOf(error?.cause, NotStoredError);
    const read: unknown[] = [];
    for await (const { body } of jetstream(other).read("R", { until: "now" })) read.push(body);
    assertEquals(read, numbers(stored));
    void bodies;
  },
  { since },
);

for (const allow_batched of [true, false]) {
  onEveryJetStream(
    `js.ingest() says which subject is taken ${allow_batched ? "in" : "without"} a batch`,
    async (server) => {
      const limit = { max_msgs_per_subject: 1, discard: "new", discard_new_per_subject: true };
      const { js } = await readings(server, { allow_batched, ...limit });
      const items = ["a", "b", "b", "c"].map((id) => ({ params: { id } }));
      // the one after that which is refused is under way without a batch
      const ingest = js.ingest("r.{id}", { window: 4 });
      const error = await assertRejects(
        () => ReadableStream.from(items).pipeTo(ingest),
        IngestError,
        'Cannot ingest item 2 to "r.{id}": Cannot publish to "r.b" as its subject must be free',
      );
      assertInstanceOf(error.cause, ConflictError);
      assertEquals([error.cause.isTaken, error.cause.subject], [true, "r.b"]);
      assertEquals([error.stored, error.uncertain], [2, allow_batched ? 0 : 2]);
    },
    { since },
  );
}

onEveryJetStream("js.ingest() refuses another stream than the one it names", async (server) => {
  const { js } = await readings(server);
  const other = stream("OTHER", { subjects: ["other.>"], declare: "create" });
  const ingest = js.ingest("r.a", { stream: other });
  const error = await assertRejects(
    () => ReadableStream.from(numbers(3)).pipeTo(ingest),
    IngestError,
  );
  assertEquals([error.errCode, error.stored, error.uncertain], [10060, 0, 0]);
}, { since });

onEveryJetStream("js.ingest() checks its options", async (server) => {
  const { js } = await readings(server);
  for (const options of [{ window: 0 }, { timeout: 0 }, { more: 1 }, { maxPending: "a" }]) {
    assertThrows(() => js.ingest("r.a", options as never), TypeError, "ingest");
  }
  assertThrows(() => js.ingest("r.*"), Error, "wildcard");
  assertThrows(() => js.ingest("_SIGNALBOX.R.schedule.a"), TypeError, "_SIGNALBOX");
  assertThrows(() => js.ingest("r.a", { timeout: "3m" }), RangeError, "duplicate window");
});

onEveryJetStream(
  "js.ingest() counts what it stores, and needs no permission but to publish",
  async (server) => {
    const { broker, create } = await started(server);
    await create({ name: "R", subjects: ["r.>"], allow_batched: true });
    const js = jetstream(broker);
    await ReadableStream.from(numbers(30)).pipeTo(js.ingest("r.a"));
    assertEquals(
      broker.stats().doors.find(({ name }) => name === "jetstream")?.counts.published,
      30,
    );
    assert((broker.permissions().publish as string[]).includes("r.a"));
  },
  { since },
);

onEveryJetStream(
  "js.ingest() names the fields of an item that does not fit, and says once what it did",
  async (server) => {
    const { js } = await readings(server, { allow_batched: true });
    const ingest = js.ingest("r.{id}");
    const items = ReadableStream.from([{ id: "a", body: 1 } as never]);
    const { message } = await assertRejects(() => items.pipeTo(ingest), IngestError);
    const rule = "an item must be { params: { id }, body, headers, ttl }: { id, body }";
    assertEquals(message, `Cannot ingest item 0 to "r.{id}" as ${rule} (0 stored)`);
  },
  { since },
);
