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
import { onEveryJetStream } from "../support/backends.ts";
import { numbers, readings } from "../support/jetstream/readings.ts";
import { until } from "../support/nats_server/until.ts";
import { schemaOf } from "../support/schemas.ts";

const since = "2.14";

/** The error with which a stream of items ends. */
async function ingestFault(
  ingest: WritableStream,
  items: Iterable<unknown>,
  message?: string,
): Promise<IngestError> {
  const piped = () => ReadableStream.from(items).pipeTo(ingest);
  return await assertRejects(piped, IngestError, message);
}

onEveryJetStream(
  "js.ingest() fails at an item that it cannot send, and stores those before it",
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
      const error = await ingestFault(ingest, items);
      assertInstanceOf(error.cause, expected);
      assertEquals([error.stored, error.uncertain, error.subject], [10, 0, "r.a"]);
      assertEquals((await ingest.closed).error, error);
      assertEquals((await bodies()).slice(before), numbers(10));
    }
    const pattern = js.ingest("r.{id}");
    const writer = pattern.getWriter();
    // nobody awaits this promise, which must do no harm
    writer.write({ params: { id: "a b" }, body: 1 });
    const { error } = await pattern.closed;
    assertEquals(error?.stored, 0);
    for (const wrong of [1, { body: 1 }, { params: {} }, { params: { id: "1", x: "2" } }]) {
      const ingest = js.ingest("r.{id}");
      await ingestFault(ingest, [wrong], "params: { id }");
    }
    assertEquals(broker.state, "ready");
  },
  { since },
);

onEveryJetStream("js.ingest() fails soon if no stream takes the subject", async (server) => {
  const { js } = await readings(server);
  const began = performance.now();
  const ingest = js.ingest("nobody.takes");
  const error = await ingestFault(ingest, numbers(3));
  assertInstanceOf(error.cause, NoStreamError);
  assertEquals([error.stored, error.uncertain, ingest.pending], [0, 0, 3]);
  assert(performance.now() - began < 15_000);
});

for (const batched of [true, false]) {
  const way = batched ? "fast batches" : "single messages";
  onEveryJetStream(
    `js.ingest() says how many items a full stream has stored, by ${way}`,
    async (server) => {
      const { js, bodies } = await readings(server, {
        max_msgs: 700,
        discard: "new",
        allow_batched: batched,
      });
      const ingest = js.ingest("r.a");
      const error = await ingestFault(ingest, numbers(2_000));
      assertInstanceOf(error.cause, LimitError);
      assertEquals([error.stored, error.uncertain], [700, 0]);
      assertEquals(await bodies(), numbers(700));
    },
    batched ? { since } : {},
  );
}

onEveryJetStream(
  "js.ingest() fails at a message that is too large for the stream, and stores those before it",
  async (server) => {
    const { js, bodies } = await readings(server, { max_msg_size: 2_000 });
    const ingest = js.ingest("r.a");
    const items = [...numbers(20), "x".repeat(3_000), ...numbers(20)];
    const error = await ingestFault(ingest, items);
    assertInstanceOf(error.cause, LimitError);
    assertEquals([error.stored, error.uncertain], [20, 0]);
    assertEquals(await bodies(), numbers(20));
  },
  { since },
);

onEveryJetStream("js.ingest() ends when its signal aborts, and by abort()", async (server) => {
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
  "js.ingest() knows how many items it has stored when its broker stops",
  async (server) => {
    const { js, broker } = await readings(server);
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
  },
  { since },
);

for (const allow_batched of [true, false]) {
  onEveryJetStream(
    `js.ingest() names the subject that is taken, ${allow_batched ? "in" : "without"} a batch`,
    async (server) => {
      const limit = { max_msgs_per_subject: 1, discard: "new", discard_new_per_subject: true };
      const { js } = await readings(server, { allow_batched, ...limit });
      const items = ["a", "b", "b", "c"].map((id) => ({ params: { id } }));
      // without a batch, the item after the refused one is under way by then
      const ingest = js.ingest("r.{id}", { window: 4 });
      const error = await ingestFault(
        ingest,
        items,
        'Cannot ingest item 2 to "r.{id}": Cannot publish to "r.b" as its subject must be free',
      );
      assertInstanceOf(error.cause, ConflictError);
      assertEquals([error.cause.isTaken, error.cause.subject], [true, "r.b"]);
      assertEquals([error.stored, error.uncertain], [2, allow_batched ? 0 : 2]);
    },
    { since },
  );
}

onEveryJetStream(
  "js.ingest() fails if another stream than the named one takes the subject",
  async (server) => {
    const { js } = await readings(server);
    const other = stream("OTHER", { subjects: ["other.>"], declare: "create" });
    const ingest = js.ingest("r.a", { stream: other });
    const error = await ingestFault(ingest, numbers(3));
    assertEquals([error.errCode, error.stored, error.uncertain], [10060, 0, 0]);
  },
  { since },
);

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
  "js.ingest() names the fields of a wrong item, and explains itself only once",
  async (server) => {
    const { js } = await readings(server, { allow_batched: true });
    const ingest = js.ingest("r.{id}");
    const { message } = await ingestFault(ingest, [{ id: "a", body: 1 }]);
    const rule = "an item must be { params: { id }, body, headers, ttl }: { id, body }";
    assertEquals(message, `Cannot ingest item 0 to "r.{id}" as ${rule} (0 stored)`);
  },
  { since },
);
