import { ConnectionError, ValidationError } from "@signalbox/nats";
import {
  ConflictError,
  DifferenceError,
  jetstream,
  JetStreamError,
  NoStreamError,
  type Stream,
  stream,
  workQueue,
} from "@signalbox/nats/jetstream";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { type Backend, onEveryJetStream } from "../support/backends.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { aNumber } from "../support/schemas.ts";

const ORDERS = stream("ORDERS", {
  subjects: ["orders.{id}.{event}", "news.>"],
  declare: "create",
});
/** A stream with options of later servers. */
const TIMED = stream("TIMED", { subjects: ["timed.>"], declare: "create", allowMsgTtl: true });
const PAIRS = stream("PAIRS", { subjects: ["pairs.>"], declare: "create", allowAtomic: true });

async function started(server: Backend, one: Stream = ORDERS) {
  const broker = server.broker();
  const js = jetstream(broker, { streams: [one] });
  await broker.start();
  return { broker, js };
}

onEveryJetStream(
  "JetStream.publish() stores every kind of body, with no header but its type and id",
  async (server) => {
    const { js, broker } = await started(server);
    const heard = broker.subscriber("news.{kind}");
    await heard.start();
    const bodies = [{ a: 1 }, "text", new Uint8Array([1, 2]), null, undefined];
    for (const body of bodies) await js.publish("news.tea", body);
    for (const body of bodies) {
      const message = await heard.next({ timeout: "5s" });
      assertEquals(message!.body, body);
      const names = [...message!.headers].map(([name]) => name.toLowerCase()).sort();
      assertEquals(names, body === undefined ? ["nats-msg-id"] : ["content-type", "nats-msg-id"]);
    }
    assertEquals(await js.publish("news.last", 1), {
      stream: "ORDERS",
      seq: 6,
      duplicate: false,
      domain: undefined,
    });
    assertStrictEquals(jetstream(broker), js);
  },
);

onEveryJetStream(
  "JetStream.publish() checks what it expects, and throws a ConflictError otherwise",
  async (server) => {
    const { js } = await started(server);
    const put = (expect: object, id?: string) =>
      js.publish("orders.1.placed", 1, { expect, ...id !== undefined && { id } });
    assertEquals((await put({ lastSeq: 0 }, "first")).seq, 1);
    assertEquals((await assertRejects(() => put({ lastSeq: 0 }), ConflictError)).lastSeq, 1);
    assertEquals((await put({ lastSeq: 1, of: "orders.1.placed" })).seq, 2);
    assertEquals((await put({ lastSeq: 2, of: "orders.{id}.placed" }, "third")).seq, 3);
    await assertRejects(() => put({ lastSeq: 1, of: "orders.{id}.placed" }), ConflictError);
    assertEquals((await put({ stream: ORDERS })).seq, 4);
    await assertRejects(() => put({ stream: "OTHER" }), ConflictError);
  },
  { since: "2.12" },
);

onEveryJetStream(
  "JetStream.publish() refuses wrong options, and reserved headers of NATS",
  async (server) => {
    const { js, broker } = await started(server);
    const wrong = async (options: object, subject = "orders.1.a") =>
      (await assertRejects(() => js.publish(subject, 1, options as never), Error)).message;
    const at = 'Cannot publish to "orders.1.a" as ';
    assertEquals([
      await wrong({ headers: { "nats-rollup": "all" } }),
      await wrong({ expect: { of: "a" } }),
      await wrong({ expect: { lastSeq: -1 } }),
      await wrong({ expect: { stream: {} } }),
      await wrong({ ttl: 1_500 }),
      await wrong({ id: " a" }),
      await wrong({ timeout: 0 }),
      await wrong({ replyTo: "x" }),
      await wrong({}, "orders.*"),
    ], [
      `${at}a header must not begin with "Nats-": "nats-rollup"`,
      `${at}"of" must have a "lastSeq": it has none`,
      `${at}"lastSeq" must be a sequence, or 0 for none: -1`,
      `${at}it must be what stream() has made: another object`,
      `${at}"ttl" must be whole seconds from 1 on, such as "90s", or Infinity: 1500`,
      `${at}"id" must be one line of text without blanks around it: " a"`,
      `${at}"timeout" must be milliseconds from 1 to 2147483647, or text such as "30s": 0`,
      `${at}an option must be one of headers, id, ttl, expect, timeout, signal, schema: "replyTo"`,
      'Cannot publish as a subject must not contain a wildcard: "orders.*"',
    ]);
    const headers = { "X-Tenant": "a", "Nats-X": undefined } as never;
    await assertRejects(() => js.publish("orders.1.a", 1, { headers }), TypeError);
    assertEquals(broker.stats().doors[0]!.counts, {
      published: 0,
      duplicates: 0,
      conflicts: 0,
      failed: 10,
      unknown: 0,
      pending: 0,
      reads: 0,
    });
  },
);

onEveryJetStream("JetStream.publish() never changes its arguments", async (server) => {
  const { js } = await started(server);
  const headers = Object.freeze({ "x-a": "1" });
  const options = Object.freeze({ headers, id: "one", expect: Object.freeze({ lastSeq: 0 }) });
  const body = Object.freeze({ a: 1 });
  assertEquals((await js.publish("news.a", body, options)).seq, 1);
  assertEquals((await js.publish("news.a", body, { headers })).duplicate, false);
});

onEveryJetStream(
  "JetStream.publish() reports a failure that nobody awaits",
  async (server) => {
    const { js, broker } = await started(server);
    const seen = recorded(broker);
    js.publish("nowhere.1", 1, { timeout: "2s" });
    js.publish("news.1", 1, { expect: { lastSeq: 9 } });
    await assertRejects(() => js.publish("nowhere.2", 1, { timeout: "2s" }), NoStreamError);
    await assertRejects(
      () => js.publish("news.a", "x", { schema: aNumber as never }),
      ValidationError,
    );
    await broker.stop();
    assertEquals(errorsIn(seen).map(({ name }) => name), [
      "NoStreamError",
      "NoStreamError",
      "ValidationError",
    ]);
    await assertRejects(() => js.publish("news.1", 1), ConnectionError);
  },
);

onEveryJetStream("JetStream.publish() gives a message its own ttl", async (server) => {
  const { js } = await started(server, TIMED);
  assertEquals((await js.publish("timed.short", 1, { ttl: "1s" })).seq, 1);
  assertEquals((await js.publish("timed.long", 1, { ttl: Infinity })).seq, 2);
  const plain = js.publisher("news.all", { stream: ORDERS });
  const error = await assertRejects(() => plain.publish("b", { ttl: "1s" }), JetStreamError);
  assertEquals(error.errCode, 10_166);
}, { since: "2.11" });

onEveryJetStream(
  "JetStream.publisher() declares its stream, even after the broker has started",
  async (server) => {
    const { js } = await started(server);
    const queue = workQueue("Q", { subjects: ["q.*"], declare: "create", unique: "until-done" });
    const jobs = js.publisher("q.{id}", { stream: queue });
    assertEquals((await jobs.publish({ id: "1" }, "a")).stream, "Q");
    await assertRejects(() => jobs.publish({ id: "1" }, "b"), ConflictError);
  },
);

onEveryJetStream(
  "JetStream.publisher() fills its pattern and checks the body's schema",
  async (server) => {
    const { js, broker } = await started(server);
    const placed = js.publisher("orders.{id}.placed", { schema: aNumber, stream: ORDERS });
    const publish = placed.publish;
    assertType<IsExact<Parameters<typeof publish>[0], { readonly id: string }>>(true);
    assertEquals((await placed.publish({ id: "7" }, 12)).seq, 1);
    await assertRejects(() => placed.publish({ id: "7" }, "x" as never), ValidationError);
    await assertRejects(() => placed.publish({ id: "a.b" }, 1));
    await assertRejects(
      () => (placed.publish as unknown as (b: number) => Promise<void>)(1),
      TypeError,
    );
    const far = js.publisher("news.all", { stream: ORDERS, headers: { "x-from": "a" } });
    assertEquals((await far.publish("hello")).seq, 2);
    const elsewhere = js.publisher("news.all", { stream: stream("OTHER", { declare: "leave" }) });
    await assertRejects(() => elsewhere.publish("hello"), ConflictError);
    assertThrows(() => js.publisher("orders.*.placed"));
    assertThrows(() => js.publisher("a", { stream: {} as never }), TypeError);
    const { details } = broker.describe().doors[0]!;
    assertEquals(details!.publishers, ["orders.{id}.placed", "news.all"]);
  },
);

onEveryJetStream("JetStream.batch() stores all messages or none, and says why", async (server) => {
  const { js } = await started(server, PAIRS);
  const stored = await js.batch([
    ["pairs.8.placed", { total: 1 }, { expect: { lastSeq: 0, of: "pairs.8.placed" } }],
    ["pairs.8.paid", { total: 1 }, { headers: { "x-a": "1" } }],
    ["pairs.tea"],
  ]);
  assertEquals(stored, { stream: "PAIRS", seq: 3, count: 3 });
  const expect = { lastSeq: 0, of: "pairs.8.placed" };
  const conflict = () => js.batch([["pairs.a", 1], ["pairs.8.placed", 1, { expect }]]);
  assertEquals((await assertRejects(conflict, ConflictError)).lastSeq, 1);
  const nowhere = () =>
    js.batch([["pairs.a", 1], ["nowhere.a", 1], ["pairs.b", 1]], { timeout: "2s" });
  assertEquals((await assertRejects(nowhere, NoStreamError)).subject, "nowhere.a");
  assertEquals((await js.publish("pairs.b", 1)).seq, 4);
  for (const wrong of [[], "text", [1], Array.from({ length: 1_001 }, () => ["a", 1])]) {
    await assertRejects(() => js.batch(wrong as never), TypeError);
  }
  const two = () => js.batch([["pairs.a", 1, { id: "x" }], ["pairs.b", 1, { id: "x" }]]);
  await assertRejects(two, ConflictError);
}, { since: "2.12" });

onEveryJetStream(
  "JetStream.batch() names the refused message only if the server does, or if there is no other one",
  async (server) => {
    const unique = { unique: "until-done", allowAtomic: true, declare: "create" } as const;
    const { js } = await started(server, workQueue("Q", { subjects: ["q.*"], ...unique }));
    await js.publish("q.taken", 1);
    const refused = async (...subjects: string[]) => {
      const batch = () => js.batch(subjects.map((each) => [each, 1]), { timeout: "4s" });
      const error = await assertRejects(batch, JetStreamError) as ConflictError;
      return [error.subject, error.isTaken, error.message];
    };
    const rule = "subject must be free: maximum messages per subject exceeded (10077)";
    const none = "a stream must take this subject: none has answered";
    assertEquals([
      await refused("q.free", "q.taken", "q.other"),
      await refused("q.taken"),
      await refused("q.free", "nowhere.a"),
    ], [
      [undefined, true, `Cannot publish a batch of 3 messages as each ${rule}`],
      ["q.taken", true, `Cannot publish to "q.taken" as its ${rule}`],
      ["nowhere.a", undefined, `Cannot publish to "nowhere.a" as ${none}`],
    ]);
    const expect = { lastSeq: 9, of: "q.b" };
    const expecting = () => js.batch([["q.a", 1], ["q.b", 1, { expect }]]);
    const conflict = await assertRejects(expecting, ConflictError);
    assertEquals([conflict.subject, conflict.isTaken], [undefined, false]);
    const start = "Cannot publish a batch of 2 messages as";
    assertEquals(conflict.message.startsWith(`${start} what it expects must hold`), true);
    await assertRejects(
      () => js.batch([["q.a", 1], ["q.b", 1]], { timeout: "1h" }),
      RangeError,
      `${start} a stream must know the id`,
    );
    assertEquals((await js.info("Q")).messages, 1);
  },
  { since: "2.12" },
);

onEveryJetStream(
  "jetstream() declares streams at start, and start() fails if one differs",
  async (server) => {
    await started(server);
    const broker = server.broker();
    jetstream(broker, { streams: [stream("ORDERS", { maxMsgs: 5 })] });
    const { differences } = await assertRejects(() => broker.start(), DifferenceError);
    assertEquals(differences, [{ field: "max_msgs", declared: 5, found: -1, changeable: true }]);
  },
);

onEveryJetStream(
  "js.batch() with messages of two streams stores none, and says why",
  async (server) => {
    const [one, two] = ["ONE", "TWO"].map((name) =>
      stream(name, { subjects: [`${name.toLowerCase()}.*`], allowAtomic: true, declare: "create" })
    );
    const broker = server.broker();
    const js = jetstream(broker, { streams: [one!, two!] });
    await broker.start();
    const rule = "all of the batch must reach one stream";
    await assertRejects(() => js.batch([["one.a", 1], ["two.a", 2]]), JetStreamError, rule);
    assertEquals([(await js.info(one!)).messages, (await js.info(two!)).messages], [0, 0]);
  },
  { since: "2.12" },
);
