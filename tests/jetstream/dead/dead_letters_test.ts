import { jetstream, LimitError, NotFoundError, stream } from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { MessageHeaders } from "../../../src/door/mod.ts";
import { type Backend, onEveryJetStream } from "../../support/backends.ts";
import { type Started, started } from "../../support/jetstream/started.ts";
import { errorsIn, recorded } from "../../support/recorded.ts";
import {
  deadHeaders,
  type DeadLetter,
  deadStreamConfig,
  deadSubject,
  publishStored,
} from "../../support/jetstream/internals.ts";

const orders = stream("ORDERS", {
  subjects: ["orders.{id}.{event}"],
  storage: "memory",
  declare: "create",
});
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const TIME = Date.UTC(2026, 0, 31, 12);
const HEADERS = MessageHeaders.from({ "content-type": "application/json", "x-shop": "a" });

/** Has a consumer give up a message; gives the number of the dead letter. */
async function dies(test: Started, seq: number, change: Partial<DeadLetter> = {}): Promise<number> {
  const letter: DeadLetter = {
    stream: "ORDERS",
    consumer: "billing",
    seq,
    time: TIME,
    subject: `orders.${seq}.placed`,
    attempts: 5,
    reason: "failed",
    error: "the bank is closed",
    ...change,
  };
  const subject = deadSubject("ORDERS_DEAD", letter);
  const headers = deadHeaders(HEADERS, letter);
  const ack = await publishStored(test.api, subject, encoder.encode(`{"total":${seq}}`), {
    headers,
  });
  return ack.seq;
}

async function withDead(server: Backend) {
  const test = await started(server);
  const js = jetstream(test.broker, { streams: [orders] });
  await test.create({ ...deadStreamConfig("ORDERS_DEAD"), storage: "memory" });
  return { ...test, js };
}

/** All messages of a stream: subject, body and headers. */
async function stored({ js }: Awaited<ReturnType<typeof withDead>>, name: string) {
  const messages = [];
  for await (const { subject, data, headers } of js.read(name, { until: "now" })) {
    messages.push({ subject, body: decoder.decode(data), headers });
  }
  return messages;
}

onEveryJetStream("js.deadLetters() tells what was given up, by whom and why", async (server) => {
  const test = await withDead(server);
  const issues = [{ message: "no total", path: ["total"] }];
  await dies(test, 7, { reason: "unfit", issues, stack: "Error: no\n at x" });
  await dies(test, 8, { consumer: "mail" });
  const letters = [];
  for await (const dead of test.js.deadLetters(orders)) letters.push(dead);
  const [first] = letters;
  assertEquals(letters.map(({ subject, consumer }) => [subject, consumer]), [
    ["orders.7.placed", "billing"],
    ["orders.8.placed", "mail"],
  ]);
  const { stream, seq, time, attempts, reason, error, stack, params, body, headers } = first!;
  assertEquals([stream, seq, time.getTime(), attempts], ["ORDERS", 7, TIME, 5]);
  assertEquals([reason, error, first!.issues, stack], [
    "unfit",
    "the bank is closed",
    issues,
    "Error: no\n at x",
  ]);
  assertEquals([params, body], [{ id: "7", event: "placed" }, { total: 7 }]);
  assertEquals([...headers], [["content-type", "application/json"], ["x-shop", "a"]]);
  assert(Math.abs(first!.diedAt.getTime() - Date.now()) < 10_000);
  const mail = test.js.deadLetters("ORDERS", { consumer: "mail", deadLetter: "ORDERS_DEAD" });
  assertEquals([(await mail.next())!.seq, await mail.next()], [8, undefined]);
});

onEveryJetStream(
  "dead.replay() gives it back once, however often and by whom it is called",
  async (server) => {
    const test = await withDead(server);
    const number = await dies(test, 7);
    const readers = [test.js.deadLetters(orders), test.js.deadLetters(orders)];
    const [one, other] = await Promise.all(readers.map((reader) => reader.next()));
    const done = await Promise.all([
      one!.replay(),
      one!.replay(),
      other!.replay(),
      other!.replay(),
    ]);
    assertEquals(done.filter(Boolean).length, 1);
    assertEquals(await one!.discard(), false);
    const [given, ...others] = await stored(test, "ORDERS_DEAD");
    assertEquals(others, []);
    assertEquals([given!.subject, given!.body], [
      `ORDERS_DEAD.ORDERS.billing.7-${TIME}.again.${number}`,
      '{"total":7}',
    ]);
    assertEquals([given!.headers.get("x-shop"), given!.headers.get("signalbox-dead-seq")], [
      "a",
      "7",
    ]);
    assertEquals(await test.js.deadLetters(orders).next(), undefined);
    assertEquals(await stored(test, "ORDERS"), []);
  },
);

onEveryJetStream(
  "dead.replay() to the stream stores it for all, once, as a new message",
  async (server) => {
    const test = await withDead(server);
    // the message itself, and its id, are still there
    await test.js.publish("orders.7.placed", { total: 7 }, { id: "order-7" });
    await dies(test, 7);
    const readers = [test.js.deadLetters(orders), test.js.deadLetters(orders)];
    const [one, other] = await Promise.all(readers.map((reader) => reader.next()));
    const to = { to: "stream" } as const;
    const done = await Promise.all([one!.replay(to), one!.replay(to), other!.replay(to)]);
    assertEquals(done.filter(Boolean).length, 1);
    const [, again, ...others] = await stored(test, "ORDERS");
    assertEquals([again!.subject, again!.body, others], ["orders.7.placed", '{"total":7}', []]);
    const names = [...again!.headers].map(([name]) => name).filter((name) => !/^nats-/i.test(name));
    assertEquals(names, ["content-type", "x-shop"]);
    assertEquals(await stored(test, "ORDERS_DEAD"), []);
  },
);

onEveryJetStream("dead.discard() deletes it, and then nothing gives it back", async (server) => {
  const test = await withDead(server);
  await dies(test, 7);
  const readers = [test.js.deadLetters(orders), test.js.deadLetters(orders)];
  const [one, other] = await Promise.all(readers.map((reader) => reader.next()));
  assertEquals([await one!.discard(), await one!.discard()], [true, false]);
  assertEquals([await one!.replay(), await other!.replay()], [false, false]);
  assertEquals(await other!.replay({ to: "stream" }), false);
  assertEquals([await stored(test, "ORDERS_DEAD"), await stored(test, "ORDERS")], [[], []]);
});

onEveryJetStream("dead.replay() may be tried again where it has failed", async (server) => {
  const test = await withDead(server);
  await test.create({ name: "FULL", subjects: ["full"], max_msgs: 1, discard: "new" });
  await test.store("full", 1);
  await dies(test, 7, { subject: "full" });
  const dead = (await test.js.deadLetters(orders).next())!;
  await assertRejects(() => dead.replay({ to: "stream" }), LimitError);
  // deno-lint-ignore no-explicit-any
  await assertRejects(() => dead.replay({ to: "nobody" } as any), TypeError, '"to"');
  assertEquals([await dead.replay(), await dead.replay()], [true, false]);
});

onEveryJetStream("js.deadLetters() reports what is no dead letter, and goes on", async (server) => {
  const test = await withDead(server);
  const events = recorded(test.broker);
  await test.store("ORDERS_DEAD.ORDERS.billing.1-1", "by hand");
  await dies(test, 7);
  const reader = test.js.deadLetters(orders);
  assertEquals([(await reader.next())!.seq, await reader.next()], [7, undefined]);
  const [error, ...others] = errorsIn(events);
  assert(error!.message.includes('message 1 of "ORDERS_DEAD"'), error!.message);
  assertEquals(others, []);
  await assertRejects(
    () => test.js.deadLetters(orders, { deadLetter: "NONE" }).next(),
    NotFoundError,
    "stream",
  );
});

onEveryJetStream("js.deadLetters() with follow waits for further ones", async (server) => {
  const test = await withDead(server);
  const reader = test.js.deadLetters(orders, { follow: true, from: "new" });
  await reader.ready;
  await dies(test, 9);
  assertEquals((await reader.next({ timeout: 5_000 }))?.seq, 9);
  await reader.close();
});

onEveryJetStream("js.deadLetters() needs what broker.permissions() says", async (server) => {
  const test = await withDead(server);
  await dies(test, 7);
  const dead = (await test.js.deadLetters(orders).next())!;
  const permitted = () => test.broker.permissions().publish as readonly string[];
  const filter = "ORDERS_DEAD.ORDERS.*.*";
  for (
    const subject of [
      `$JS.API.CONSUMER.CREATE.ORDERS_DEAD.*.${filter}`,
      "$JS.API.STREAM.MSG.GET.ORDERS_DEAD",
      "$JS.API.STREAM.MSG.DELETE.ORDERS_DEAD",
      `${filter}.again.*`,
    ]
  ) assert(permitted().includes(subject), subject);
  assert(!permitted().includes("orders.7.placed"));
  await dead.replay({ to: "stream" });
  assert(permitted().includes("orders.7.placed"));
});
