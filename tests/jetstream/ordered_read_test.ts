import { ConnectionError, TimeoutError } from "@signalbox/nats";
import { NotFoundError } from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { type Started, started } from "../support/jetstream/started.ts";
import { until } from "../support/nats_server/until.ts";
import {
  type ConsumerInfo,
  openReads,
  OrderedRead,
  type OrderedReadOptions,
} from "../support/jetstream/internals.ts";

const ORDERS = { name: "ORDERS", subjects: ["orders.>"] };
const decoder = new TextDecoder();

/** All bodies until the read ends. */
async function bodiesOf(read: OrderedRead): Promise<string[]> {
  const bodies: string[] = [];
  for (let message; (message = await read.next());) bodies.push(decoder.decode(message.data));
  return bodies;
}

/** The next bodies. */
async function some(read: OrderedRead, count: number): Promise<string[]> {
  const bodies: string[] = [];
  while (bodies.length < count) {
    const message = await read.next({ timeout: 8_000 });
    if (!message) break;
    bodies.push(decoder.decode(message.data));
  }
  return bodies;
}

function all({ api }: Started, options: Partial<OrderedReadOptions> = {}): Promise<string[]> {
  return bodiesOf(new OrderedRead(api, { stream: "ORDERS", until: "now", ...options }));
}

onEveryJetStream(
  "OrderedRead gives what a stream has, with its place, and ends there",
  async (server) => {
    const test = await started(server);
    await test.create(ORDERS);
    const before = Date.now();
    await test.store("orders.7", "a", "b");
    await test.store("orders.8", "c");
    const read = new OrderedRead(test.api, { stream: "ORDERS", until: "now" });
    assertEquals(await read.ready, { pending: 3 });
    const first = (await read.next())!;
    assertEquals([first.subject, decoder.decode(first.data), first.seq, first.pending], [
      "orders.7",
      "a",
      1,
      2,
    ]);
    assert(Math.abs(first.time.getTime() - before) < 5_000);
    assertEquals([...first.headers], []);
    assertEquals(await bodiesOf(read), ["b", "c"]);
    assertEquals(await read.closed, "complete");
    assertEquals(await read.next(), undefined);
  },
);

onEveryJetStream("OrderedRead until now ends at once where nothing is", async (server) => {
  const test = await started(server);
  await test.create(ORDERS);
  const read = new OrderedRead(test.api, { stream: "ORDERS", until: "now" });
  assertEquals(await read.ready, { pending: 0 });
  assertEquals(await read.next(), undefined);
  await test.store("orders.7", "a");
  assertEquals(await all(test, { filters: ["orders.8"] }), []);
  assertEquals(await all(test, { from: "new" }), []);
  assertEquals(await all(test, { from: { seq: 2 } }), []);
  assertEquals(await all(test, { from: { time: new Date(Date.now() + 60_000) } }), []);
  assertEquals(await all(test, { from: "last-per-subject", filters: ["orders.8"] }), []);
});

onEveryJetStream(
  "OrderedRead begins where it is told, with the subjects that it is told",
  async (server) => {
    const test = await started(server);
    await test.create(ORDERS);
    await test.store("orders.a", 1, 2, 3);
    await test.store("orders.b", 4);
    await delay(20);
    const time = new Date();
    await test.store("orders.a", 5);
    assertEquals(await all(test), ["1", "2", "3", "4", "5"]);
    assertEquals(await all(test, { from: { seq: 4 } }), ["4", "5"]);
    assertEquals(await all(test, { from: { time } }), ["5"]);
    assertEquals(await all(test, { from: { time: time.toISOString() } }), ["5"]);
    assertEquals(await all(test, { filters: ["orders.b"] }), ["4"]);
    assertEquals(await all(test, { filters: ["orders.a", "orders.b"] }), ["1", "2", "3", "4", "5"]);
    assertEquals(await all(test, { from: "last-per-subject" }), ["4", "5"]);
    assertEquals(await all(test, { headersOnly: true }), ["", "", "", "", ""]);
    const fresh = new OrderedRead(test.api, { stream: "ORDERS", from: "new" });
    assertEquals(await fresh.ready, { pending: 0 });
    await test.store("orders.a", 6);
    assertEquals(await some(fresh, 1), ["6"]);
    await fresh.close();
  },
);

onEveryJetStream("OrderedRead until now leaves out what is stored meanwhile", async (server) => {
  const test = await started(server);
  await test.create(ORDERS);
  await test.store("orders.a", 1, 2, 3);
  const read = new OrderedRead(test.api, { stream: "ORDERS", until: "now", maxBytes: 150 });
  assertEquals(await some(read, 1), ["1"]);
  await test.store("orders.a", 4, 5);
  assertEquals(await bodiesOf(read), ["2", "3"]);
});

onEveryJetStream("OrderedRead until now ends where what was to come is purged", async (server) => {
  const test = await started(server);
  await test.create(ORDERS);
  await test.store("orders.a", ...Array(20).keys());
  const read = new OrderedRead(test.api, { stream: "ORDERS", until: "now", maxBytes: 150 });
  assertEquals(await some(read, 1), ["0"]);
  await test.api.call("STREAM.PURGE.ORDERS");
  const rest = await bodiesOf(read);
  assert(rest.length <= 4, `${rest} came`);
  assertEquals(await read.closed, "complete");
});

onEveryJetStream(
  "OrderedRead.next() waits as long as it is told, and misses nothing",
  async (server) => {
    const test = await started(server);
    await test.create(ORDERS);
    const read = new OrderedRead(test.api, { stream: "ORDERS" });
    await read.ready;
    await assertRejects(() => read.next({ timeout: 20 }), TimeoutError);
    const reason = new Error("enough");
    await assertRejects(() => read.next({ signal: AbortSignal.abort(reason) }), Error, "enough");
    await test.store("orders.a", 1);
    assertEquals(await some(read, 1), ["1"]);
    await read.close();
    assertEquals(await read.closed, "cancelled");
    assertEquals(await read.next(), undefined);
  },
);

onEveryJetStream(
  "OrderedRead fails where there is no stream, and refuses odd names",
  async (server) => {
    const { api } = await started(server);
    const read = new OrderedRead(api, { stream: "NONE" });
    await assertRejects(() => read.ready, NotFoundError, "stream");
    await assertRejects(() => read.next(), NotFoundError);
    assertEquals(await read.closed, "failed");
    assertThrows(() => new OrderedRead(api, { stream: "A.B" }), TypeError);
    assertThrows(() => new OrderedRead(api, { stream: "A", filters: ["a..b"] }), Error, "empty");
  },
);

onEveryJetStream("OrderedRead leaves no consumer behind, nor a subscription", async (server) => {
  const test = await started(server);
  await test.create(ORDERS);
  await test.store("orders.a", 1);
  const before = await server.subscriptions();
  for (let i = 0; i < 40; i++) {
    await Promise.all(Array.from({ length: 25 }, async (_, at) => {
      if (at % 2) return void await all(test);
      const read = new OrderedRead(test.api, { stream: "ORDERS" });
      if (at % 4) await read.next();
      await read.close();
    }));
  }
  await until("no consumer must be left", async () => {
    return (await test.info("ORDERS")).state.consumer_count === 0;
  });
  assertEquals(await server.subscriptions(), before);
});

onEveryJetStream(
  "openReads().stop() ends open reads, and deletes their consumers",
  async (server) => {
    const test = await started(server);
    await test.create(ORDERS);
    await test.store("orders.a", 1, 2);
    const read = new OrderedRead(test.api, { stream: "ORDERS" });
    const whole = new OrderedRead(test.api, { stream: "ORDERS", until: "now", maxBytes: 100 });
    await Promise.all([read.ready, whole.ready]);
    await until("both must come", () => Promise.resolve(read.readNow() !== undefined));
    await openReads(test.access).stop();
    assertEquals([await read.closed, await whole.closed], ["connection", "failed"]);
    await assertRejects(() => bodiesOf(whole), ConnectionError, "to its end");
    assertEquals((await test.info("ORDERS")).state.consumer_count, 0);
  },
);

onEveryJetStream("OrderedRead takes messages of any size beside small ones", async (server) => {
  const test = await started(server);
  await test.create(ORDERS);
  const sizes = Array.from({ length: 60 }, (_, at) => at % 7 === 3 ? 3_000 + at * 40 : at * 5);
  for (const size of sizes) await test.store("orders.a", "x".repeat(size));
  for (const from of ["first", "last-per-subject"] as const) {
    for (const maxBytes of [1, 100, 777, 4_000, 2 ** 20]) {
      const filters = ["orders.*"];
      const options = { stream: "ORDERS", filters, maxBytes, from } as const;
      const read = new OrderedRead(test.api, options);
      const wanted = from === "first" ? sizes : sizes.slice(-1);
      const found = await some(read, wanted.length);
      assertEquals(found.map(({ length }) => length), wanted, `${maxBytes} bytes`);
      await read.close();
    }
  }
});

onEveryJetStream("OrderedRead asks for no more than there is room for", async (server) => {
  const test = await started(server);
  await test.create(ORDERS);
  for (let i = 0; i < 40; i++) await test.store("orders.a", "x".repeat(100_000));
  const read = new OrderedRead(test.api, { stream: "ORDERS", maxBytes: 1_000_000 });
  await read.ready;
  const [name] = (await test.api.call<{ consumers: string[] }>("CONSUMER.NAMES.ORDERS")).consumers;
  const delivered = async () => {
    const info = await test.api.call<ConsumerInfo>(`CONSUMER.INFO.ORDERS.${name}`);
    return info.delivered.consumer_seq;
  };
  await until("there must be no room", async () => await delivered() >= 9);
  await delay(200);
  assertEquals(await delivered(), 9);
  await some(read, 4);
  await delay(100);
  assert(await delivered() <= 13, `${await delivered()} were delivered`);
  assertEquals((await some(read, 36)).length, 36);
  await read.close();
});
