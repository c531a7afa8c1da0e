import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  InvalidSubjectError,
  NatsBroker,
  PayloadTooLargeError,
  TimeoutError,
} from "@signalbox/nats";
import { ConflictError, DifferenceError, EntryError, kv, LimitError } from "@signalbox/nats/kv";
import { onEveryJetStream } from "../support/backends.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { until } from "../support/nats_server/until.ts";
import { aNumber } from "../support/schemas.ts";

onEveryJetStream(
  "A bucket refuses keys that NATS does not take, before the wire",
  async (server) => {
    const broker = server.broker();
    const things = kv(broker, "things", { declare: "create" });
    await broker.start();
    const wrong = ["", ".", "a.", ".a", "a..b", "a b", "a*", "*", ">", "a.>", "ü", "a\r\nb", "a:b"];
    wrong.push("a".repeat(1_401));
    for (const key of [...wrong, 7, undefined, null, {}]) {
      const given = key as string;
      const calls = [
        () => things.get(given),
        () => things.entry(given),
        () => things.put(given, 1),
        () => things.create(given, 1),
        () => things.update(given, 1, 1),
        () => things.change(given, () => 1),
        () => things.delete(given),
        () => things.purge(given),
        () => things.batch((batch) => batch.put(given, 1)),
      ];
      for (const call of calls) await assertRejects(call, InvalidSubjectError, "a key must be");
    }
    for (const pattern of ["", "a.>.b", "a b", "{a b}", "{a}.{a}", "a*", 7]) {
      const given = pattern as string;
      assertThrows(() => things.keys(given), InvalidSubjectError);
      assertThrows(() => things.history(given), InvalidSubjectError);
      assertThrows(() => things.changes(given), InvalidSubjectError);
      assertThrows(() => things.mirror(given), InvalidSubjectError);
    }
    const longest = "a".repeat(1_400);
    await things.put(longest, 1);
    assertEquals((await things.get(longest))?.value, 1);
    assertEquals(await Array.fromAsync(things.keys(longest)), [longest]);
    await things.purge(longest);
    assertEquals(await things.get(longest), undefined);
  },
);

onEveryJetStream("A bucket says which limit a value exceeds", async (server) => {
  const broker = server.broker();
  const small = kv(broker, "small", { declare: "create", maxValueSize: 100 });
  const full = kv(broker, "full", { declare: "create", maxBytes: 2_000 });
  await broker.start();
  await small.put("a", "x".repeat(20));
  await assertRejects(() => small.put("a", "x".repeat(200)), LimitError);
  assertEquals((await small.get("a"))?.value, "x".repeat(20));
  await assertRejects(() => small.put("a", "x".repeat(2_000_000)), PayloadTooLargeError);
  await assertRejects(async () => {
    for (let at = 0; at < 50; at++) await full.put(`k.${at}`, "x".repeat(100));
  }, LimitError);
  assert((await Array.fromAsync(full.keys())).length > 3);
});

onEveryJetStream(
  "A bucket tells what differs from its options, and changes it if told to",
  async (server) => {
    const broker = server.broker();
    const made = kv(broker, "b", { declare: "create", history: 2, description: "ours" });
    await broker.start();
    await made.put("a", 1);
    const differing = kv(broker, "b", { history: 5, storage: "memory" });
    const error = await assertRejects(() => differing.get("a"), DifferenceError);
    assertEquals(error.differences.map(({ field }) => field).sort(), [
      "max_msgs_per_subject",
      "storage",
    ]);
    await assertRejects(
      () => kv(broker, "b", { declare: "update", storage: "memory" }).get("a"),
      DifferenceError,
    );
    const updated = kv(broker, "b", { declare: "update", history: 5 });
    assertEquals((await updated.get("a"))?.value, 1);
    const { history } = await updated.info();
    const found = await kv(broker, "b", { declare: "leave" }).info();
    assertEquals([history, found.history, found.entries, found.storage], [5, 5, 1, "file"]);
    await kv(broker, "b", { description: "ours", declare: "verify" }).info();
  },
);

onEveryJetStream("Two programs that declare one bucket at once both start", async (server) => {
  const brokers = Array.from({ length: 6 }, () => server.broker());
  for (const [at, broker] of brokers.entries()) {
    kv(broker, "both", { declare: at % 2 ? "create" : "update", history: 3 });
  }
  await Promise.all(brokers.map((broker) => broker.start()));
});

onEveryJetStream(
  "Of two writers that expect the same revision one gets a conflict",
  async (server) => {
    const brokers = [server.broker(), server.broker()];
    const buckets = brokers.map((broker) => kv(broker, "one", { declare: "create" }));
    for (const broker of brokers) await broker.start();
    const revision = await buckets[0]!.put("a", 0);
    const outcomes = await Promise.allSettled(
      buckets.map((bucket, at) => bucket.update("a", at, revision)),
    );
    const refused = outcomes.filter((each) => each.status === "rejected");
    assertEquals(refused.length, 1);
    const { reason } = refused[0]!;
    assert(reason instanceof ConflictError, String(reason));
    assertEquals(
      reason.message.replace(/: wrong.*/, ""),
      [
        `Cannot update "a" as its last revision must be ${revision}`,
      ].join(),
    );
  },
);

onEveryJetStream(
  "Mirror leaves out values that its schema rejects, and reports them",
  async (server) => {
    const broker = server.broker();
    const numbers = kv(broker, "numbers", { declare: "create", schema: aNumber });
    const any = kv(broker, "numbers", { declare: "leave" });
    const events = recorded(broker);
    await broker.start();
    await numbers.put("a", 1);
    await any.put("b", { no: "number" });
    const live = await numbers.mirror().ready;
    assertEquals([...live], [["a", 1]]);
    const revision = await any.put("a", "none");
    await numbers.put("c", 3);
    await until("it follows", () => live.has("c"));
    assertEquals([...live], [["c", 3]]);
    const [first, second] = errorsIn(events) as EntryError[];
    assertEquals([first?.key, second?.key, second?.revision], ["b", "a", revision]);
  },
);

onEveryJetStream(
  "A bucket reads what a peer has put by another codec, or without a type",
  async (server) => {
    const csv = { encode: (body: unknown) => String(body), decode: () => ["decoded"] };
    const broker = server.broker({ codecs: { "text/csv": csv }, contentType: "text/csv" });
    const plain = server.broker();
    const things = kv(broker, "things", { declare: "create" });
    await broker.start();
    await plain.start();
    const revision = await things.put("csv", ["a", "b"]);
    assertEquals((await things.get("csv"))?.value, ["decoded"]);
    const peer = kv(plain, "things");
    assertEquals((await peer.get("csv"))?.value, new TextEncoder().encode("a,b"));
    await plain.publish("$KV.things.broken", "{", {
      headers: { "content-type": "application/json" },
    });
    await plain.publish("$KV.things.odd", new Uint8Array([255]), {
      headers: { "KV-Operation": "WHAT", "Nats-Service-Error-Code": "500", "X": "y" },
    });
    await plain.flush();
    const error = await assertRejects(() => peer.get("broken"), EntryError);
    assertEquals([error.revision > revision, (error.cause as Error).name], [true, "DecodeError"]);
    assertEquals((await peer.get("odd"))?.value, new Uint8Array([255]));
  },
);

onEveryJetStream(
  "A schema that throws or is slow fails the value, and not the bucket",
  async (server) => {
    const broker = server.broker();
    const odd = kv<number>(broker, "odd", {
      declare: "create",
      schema: {
        "~standard": {
          version: 1,
          vendor: "test",
          validate: async (value) => {
            await new Promise((resolve) => setTimeout(resolve, 1));
            if (value === 3) throw new RangeError("three");
            return { value: value as number };
          },
        },
      },
    });
    const events = recorded(broker);
    const seen: unknown[] = [];
    broker.subscriber(odd.changes(), ({ body }) => void seen.push(body));
    await broker.start();
    const any = kv(broker, "odd");
    await odd.put("a", 1);
    await assertRejects(() => odd.put("a", 3), RangeError, "three");
    await any.put("a", 3);
    await odd.put("b", 5);
    await until("it goes on", () => seen.includes(5));
    assertEquals(seen, [1, 5]);
    await assertRejects(() => odd.get("a"), EntryError, "three");
    assertEquals(errorsIn(events).map(({ name }) => name), ["EntryError"]);
  },
);

Deno.test("Bucket rejects wrong options and calls immediately", () => {
  const things = kv(new NatsBroker(), "things");
  assertThrows(() => things.keys(">", { timeout: 1 } as never), TypeError);
  assertThrows(() => things.changes(">", { onInitial: 1 as never }), TypeError);
  assertThrows(() => things.mirror(">", { signal: 1 as never }), TypeError);
});

onEveryJetStream(
  "A bucket gives up a change and a schema that never end, and the key goes on",
  async (server) => {
    const broker = server.broker();
    const things = kv<number>(broker, "things", { declare: "create" });
    const stuck = kv<number>(broker, "stuck", {
      declare: "create",
      schema: {
        "~standard": { version: 1, vendor: "test", validate: () => new Promise(() => {}) },
      },
    });
    await broker.start();
    const never = () => new Promise<number>(() => {});
    const signal = AbortSignal.timeout(50);
    const calls = await Promise.allSettled([
      things.change("a", never, { timeout: 1_500 }),
      things.change("b", never, { signal }),
      stuck.put("a", 1, { timeout: 1_500 }),
      stuck.create("b", 1, { timeout: 1_500 }),
      stuck.change("c", () => 1, { timeout: 1_500 }),
    ]);
    const [late, aborted, ...others] = calls.map((call) => (call as PromiseRejectedResult).reason);
    assertEquals(late.message, 'Cannot change "a" as it must finish in time: 1500 ms have passed');
    assertEquals(aborted, signal.reason);
    for (const error of [late, ...others]) assert(error instanceof TimeoutError, `${error}`);
    assertEquals((await things.change("a", (old = 0) => old + 1))?.value, 1);
  },
);
