import { DecodeError, NatsBroker, TimeoutError, ValidationError } from "@signalbox/nats";
import { jetstream, NotFoundError, stream } from "@signalbox/nats/jetstream";
import { TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Schema } from "@signalbox/nats";
import { type Backend, onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { Workshop } from "../support/jetstream/workshop.ts";

const orders = stream("ORDERS", {
  subjects: ["orders.{id}.{event}", "refunds.{order}"],
  storage: "memory",
  declare: "create",
});

async function started(server: Backend) {
  const broker = server.broker();
  const js = jetstream(broker, { streams: [orders] });
  await broker.start();
  return { broker, js };
}

async function all<Item>(reader: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of reader) items.push(item);
  return items;
}

const total: Schema<number, unknown> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const { total } = Object(value);
      return typeof total === "number"
        ? { value: total }
        : { issues: [{ message: "no total", path: ["total"] }] };
    },
  },
};

onEveryJetStream("js.read() gives messages with body, params and place", async (server) => {
  const { js } = await started(server);
  await js.publish("orders.7.placed", { total: 12 }, { headers: { "x-shop": "a" } });
  await js.publish("refunds.7", "text");
  const [placed, refund] = await all(js.read(orders, { until: "now" }));
  assertEquals([placed!.subject, placed!.body], ["orders.7.placed", { total: 12 }]);
  assertEquals(placed!.params, { id: "7", event: "placed" });
  assertEquals([placed!.pattern, placed!.headers.get("X-Shop")], ["orders.{id}.{event}", "a"]);
  assertEquals([refund!.params, refund!.body], [{ order: "7" }, "text"]);
  const { id, seq, pending, stream, time } = placed!.delivery;
  assertEquals([id, seq, pending, stream], ["ORDERS:1", 1, 1, "ORDERS"]);
  assert(Math.abs(time.getTime() - Date.now()) < 10_000);
});

onEveryJetStream("js.read() takes a subject, a pattern or several, and a name", async (server) => {
  const { js } = await started(server);
  for (const event of ["placed", "paid", "sent"]) await js.publish(`orders.7.${event}`, event);
  await js.publish("orders.8.placed", 8);
  await js.publish("refunds.7", 7);
  const placed = await all(js.read("ORDERS", { subject: "orders.{order}.placed", until: "now" }));
  assertEquals(placed.map(({ params }) => params.order), ["7", "8"]);
  const two = ["orders.7.>", "refunds.{order}"] as const;
  const both = await all(js.read("ORDERS", { subject: two, until: "now" }));
  assertEquals(both.map(({ subject }) => subject), [
    "orders.7.placed",
    "orders.7.paid",
    "orders.7.sent",
    "refunds.7",
  ]);
  const lasts = js.read(orders, {
    subject: "orders.*.placed",
    from: "last-per-subject",
    until: "now",
  });
  assertEquals((await all(lasts)).map(({ body }) => body), ["placed", 8]);
  const none = js.read(orders, { subject: "orders.9.>", until: "now" });
  assertEquals([await none.ready, await none.next(), await none.closed], [
    { pending: 0 },
    undefined,
    "complete",
  ]);
});

onEveryJetStream(
  "js.read() gives what the schema makes, and goes on behind what does not fit",
  async (server) => {
    const { js } = await started(server);
    await js.publish("orders.1.placed", { total: 1 });
    await js.publish("orders.2.placed", { total: "x" });
    await js.publish("orders.3.placed", "no JSON", {
      headers: { "content-type": "application/json" },
    });
    await js.publish("orders.4.placed", { total: 4 });
    const reader = js.read(orders, { schema: total, until: "now" });
    const first: number = (await reader.next())!.body;
    assertEquals(first, 1);
    const sentence = 'no total at "total" (message 2 of stream "ORDERS", "orders.2.placed")';
    await assertRejects(() => reader.next(), ValidationError, sentence);
    await assertRejects(() => reader.next(), DecodeError);
    assertEquals((await reader.next())!.body, 4);
    assertEquals(await reader.next(), undefined);
  },
);

onEveryJetStream(
  "js.read() waits for an asynchronous schema, and misses nothing if it is late",
  async (server) => {
    const { js } = await started(server);
    const gate = Promise.withResolvers<void>();
    const slow: Schema<string, unknown> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: async (value) => {
          await gate.promise;
          return { value: `${value}!` };
        },
      },
    };
    await js.publish("orders.1.placed", "a");
    await js.publish("orders.2.placed", "b");
    const reader = js.read(orders, { schema: slow, until: "now" });
    await reader.ready;
    await assertRejects(() => reader.next({ timeout: 50 }), TimeoutError);
    gate.resolve();
    assertEquals((await all(reader)).map(({ body }) => body), ["a!", "b!"]);
  },
);

onEveryJetStream(
  "js.read() waits for what comes, until its signal, a break, or close()",
  async (server) => {
    const { js } = await started(server);
    const stopping = new AbortController();
    const followed = js.read(orders, { from: "new", signal: stopping.signal });
    const looped = js.read(orders);
    const piped = js.read(orders);
    await Promise.all([followed.ready, looped.ready, piped.ready]);
    const next = followed.next();
    await js.publish("orders.7.placed", 1);
    assertEquals((await next)!.body, 1);
    stopping.abort();
    assertEquals([await followed.closed, await followed.next()], ["cancelled", undefined]);
    for await (const { body } of looped) {
      assertEquals(body, 1);
      break;
    }
    assertEquals(await looped.closed, "cancelled");
    const web = piped.readable.getReader();
    assertEquals((await web.read()).value, 1);
    await web.cancel();
    assertEquals(await piped.closed, "cancelled");
    const { state } = await info(js);
    assertEquals(state.consumers, 0);
  },
);

async function info(js: ReturnType<typeof jetstream>) {
  return { state: await js.info(orders) };
}

onEveryJetStream("broker.stop() ends what is read, and leaves no consumer", async (server) => {
  const { js, broker } = await started(server);
  const other = server.broker();
  await other.start();
  const reader = js.read(orders);
  await reader.ready;
  assertEquals(broker.stats().doors.find(({ name }) => name === "jetstream")?.counts.reads, 1);
  await broker.stop();
  assertEquals([await reader.closed, await reader.next()], ["connection", undefined]);
  assertEquals((await jetstream(other).info("ORDERS")).consumers, 0);
});

onEveryJetStream("js.read() needs what broker.permissions() says", async (server) => {
  const { js, broker } = await started(server);
  await js.publish("orders.7.placed", 1);
  await all(js.read(orders, { subject: "orders.7.*", until: "now" }));
  await all(js.read(orders, { until: "now" }));
  const publish = broker.permissions().publish as readonly string[];
  for (
    const subject of [
      "$JS.API.STREAM.INFO.ORDERS",
      "$JS.API.CONSUMER.CREATE.ORDERS.*",
      "$JS.API.CONSUMER.CREATE.ORDERS.*.orders.7.*",
      "$JS.API.CONSUMER.MSG.NEXT.ORDERS.*",
      "$JS.API.CONSUMER.DELETE.ORDERS.*",
    ]
  ) assert(publish.includes(subject), subject);
});

Deno.test("js.read() refuses options that are wrong, and reports what is not there", async () => {
  const broker = new NatsBroker();
  const js = jetstream(broker);
  await using _test = await TestBroker.start(broker);
  // deno-lint-ignore no-explicit-any
  const read = (...args: any[]) => () => js.read(...args as [string]);
  assertThrows(read("A.B"), TypeError, "name");
  assertThrows(read(7), TypeError, "declared");
  assertThrows(read("A", { until: "later" }), TypeError, '"until" must be one of "now"');
  assertThrows(read("A", { from: { seq: 0 } }), TypeError, '"from"');
  assertThrows(read("A", { from: { time: "never" } }), TypeError, '"from"');
  assertThrows(read("A", { from: "end" }), TypeError, '"first", "last", "last-per-subject", "new"');
  assertThrows(read("A", { subject: "a..b" }), Error, "empty");
  assertThrows(read("A", { form: "new" }), TypeError, "form");
  await assertRejects(() => js.read("NONE").next(), NotFoundError, "stream");
});

onEveryJetStream(
  "js.read() leaves no consumer behind, at whatever moment its broker stops",
  async (server) => {
    const shop = await Workshop.at(server);
    for (let turns = 0; turns < 40; turns++) {
      const broker = server.broker();
      const logs = stream("LOGS", { subjects: ["logs.*"], declare: "create" });
      const js = jetstream(broker, { streams: [logs] });
      await broker.start();
      const reading = js.read(logs);
      reading.ready.catch(() => {});
      for (let turn = 0; turn < turns % 20; turn++) await delay(0);
      await broker.stop();
      await reading.closed;
    }
    assertEquals((await shop.stream("LOGS")).state.consumer_count, 0);
  },
);

onEveryJetStream(
  "js.read() from the last message gives that one, and what follows",
  async (server) => {
    const broker = server.broker();
    const lines = stream("LINES", { subjects: ["lines.{host}"], declare: "create" });
    const js = jetstream(broker, { streams: [lines] });
    await broker.start();
    for (const host of ["a", "b", "a"]) await js.publish(`lines.${host}`, host);
    const seqs = async (subject?: string) => {
      const read = js.read(lines, { from: "last", until: "now", ...subject && { subject } });
      return await Array.fromAsync(read, ({ delivery }) => delivery.seq);
    };
    assertEquals([await seqs(), await seqs("lines.b"), await seqs("lines.c")], [[3], [2], []]);
    await using read = js.read(lines, { from: "last" });
    assertEquals((await read.next())?.delivery.seq, 3);
    await js.publish("lines.b");
    assertEquals((await read.next())?.delivery.seq, 4);
  },
);
