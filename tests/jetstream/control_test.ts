import { NatsBroker } from "@signalbox/nats";
import {
  jetstream,
  JetStreamError,
  NotFoundError,
  stream,
  UnavailableError,
} from "@signalbox/nats/jetstream";
import { TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { register } from "../../src/door/mod.ts";
import { type Backend, onEveryJetStream, onNatsServer } from "../support/backends.ts";
import { started as startedDoor } from "../support/jetstream/started.ts";

const orders = stream("ORDERS", {
  subjects: ["orders.{id}"],
  storage: "memory",
  maxAge: "7d",
  declare: "create",
});
const billing = { stream: orders, name: "billing" };

/** A broker with a stream of three orders, and a consumer that has one of them. */
async function started(server: Backend) {
  const test = await startedDoor(server);
  const js = jetstream(test.broker, { streams: [orders] });
  await js.publisher("orders.{id}", { stream: orders }).publish({ id: "1" }, "first");
  await test.store("orders.2", "a", "b");
  await test.api.call("CONSUMER.CREATE.ORDERS.billing", {
    stream_name: "ORDERS",
    config: { durable_name: "billing", name: "billing", ack_policy: "explicit" },
  });
  const inbox = test.access.newInbox();
  const delivered = Promise.withResolvers<void>();
  const subscription = test.access.subscribe(inbox, () => delivered.resolve());
  const next = () =>
    test.access.publish("$JS.API.CONSUMER.MSG.NEXT.ORDERS.billing", undefined, { replyTo: inbox });
  next();
  await delivered.promise;
  return { ...test, js, next, subscription };
}

onEveryJetStream("js.info() tells what a stream holds", async (server) => {
  const { js, subscription } = await started(server);
  const facts = await js.info(orders);
  const { name, subjects, messages, firstSeq, lastSeq, consumers } = facts;
  assertEquals([name, subjects, messages, firstSeq, lastSeq, consumers], [
    "ORDERS",
    ["orders.*"],
    3,
    1,
    3,
    1,
  ]);
  assert(facts.bytes > 0 && facts.firstTime!.getTime() <= facts.lastTime!.getTime());
  assert(Math.abs(facts.created.getTime() - Date.now()) < 10_000);
  assertEquals(facts.config.max_age, 7 * 86_400 * 1e9);
  assertEquals((await js.info("ORDERS")).messages, 3);
  subscription.unsubscribe();
  await assertRejects(() => js.info("NONE"), NotFoundError, "stream");
});

onEveryJetStream("js.lag() and js.info() tell what a consumer has not done", async (server) => {
  const { js, subscription } = await started(server);
  assertEquals(await js.lag(billing), { pending: 2, unsettled: 1, total: 3 });
  const facts = await js.info(billing);
  assertEquals([facts.name, facts.stream, facts.pending, facts.deliveredSeq, facts.doneSeq], [
    "billing",
    "ORDERS",
    2,
    1,
    0,
  ]);
  assertEquals([facts.pausedUntil, facts.config.ack_policy], [undefined, "explicit"]);
  assertEquals((await js.lag({ stream: "ORDERS", name: "billing" })).total, 3);
  subscription.unsubscribe();
  await assertRejects(() => js.lag({ stream: orders, name: "none" }), NotFoundError, "consumer");
});

onEveryJetStream("js.pause() has a consumer deliver nothing until js.resume()", async (server) => {
  const { js, next, subscription } = await started(server);
  const until = await js.pause(billing, "10m");
  assert(Math.abs(until.getTime() - Date.now() - 600_000) < 10_000);
  const { pausedUntil, pending } = await js.info(billing);
  assert(Math.abs(pausedUntil!.getTime() - until.getTime()) < 1_000);
  next();
  assertEquals([(await js.lag(billing)).pending, pending], [2, 2]);
  assertEquals(await js.resume(billing), true);
  assertEquals((await js.info(billing)).pausedUntil, undefined);
  assertEquals(await js.resume(billing), false);
  const later = new Date(Date.now() + 60_000);
  assertEquals(await js.pause(billing, later), later);
  subscription.unsubscribe();
  await assertRejects(() => js.pause({ stream: orders, name: "none" }, "1m"), NotFoundError);
}, { since: "2.11" });

for (const ahead of [3_600_000, -3_600_000]) {
  Deno.test(`js.pause() pauses for so long where the date here is ${ahead / 60_000} min wrong`, () =>
    onNatsServer(async (server) => {
      const { js, subscription } = await started(server);
      const now = Date.now;
      Date.now = () => now() + ahead;
      try {
        await js.pause(billing, "2h");
        if (ahead < 0) {
          const rule = "its end must be to come by the server's clock";
          await assertRejects(() => js.pause(billing, "30m"), JetStreamError, rule);
          await js.pause(billing, "2h");
        }
      } finally {
        Date.now = now;
      }
      const { pausedUntil } = await js.info(billing);
      const minutes = (pausedUntil!.getTime() - Date.now()) / 60_000;
      assert(Math.abs(minutes - 120) < 1, `${minutes} min`);
      subscription.unsubscribe();
    }, { jetstream: true, since: "2.11" }));
}

Deno.test("js.pause(), js.lag() and js.info() refuse what is no consumer or no time", async () => {
  const broker = new NatsBroker();
  const js = jetstream(broker);
  await using _test = await TestBroker.start(broker);
  // deno-lint-ignore no-explicit-any
  const wrong: any = js;
  await assertRejects(() => wrong.pause("billing", "1m"), TypeError, "{ stream, name }");
  await assertRejects(() => wrong.pause({ stream: "A", name: "b.c" }, "1m"), TypeError, "name");
  await assertRejects(() => js.pause(billing, 0), TypeError, "end must be milliseconds");
  await assertRejects(() => js.pause(billing, new Date(0)), TypeError, "a Date to come");
  await assertRejects(() => wrong.lag(orders), TypeError, "{ stream, name }");
  await assertRejects(() => wrong.info(7), TypeError, "declared");
  const subscriber = broker.subscriber("bills.{id}", () => {});
  await assertRejects(() => wrong.pause(subscriber, "1m"), TypeError, "name }: a subscriber");
  await assertRejects(() => wrong.info(subscriber), TypeError, "its name: a subscriber");
});

Deno.test("js.pause() says which server it needs where that is too old", async () => {
  const broker = new NatsBroker();
  const js = jetstream(broker);
  await using _test = await TestBroker.start(broker);
  const access = register(broker, { name: "test" });
  Object.defineProperty(access, "serverVersion", { value: () => "2.10.27" });
  const error = await assertRejects(() => js.pause(billing, "1m"), UnavailableError, "2.11");
  assertEquals(error.needs, "2.11");
});

onEveryJetStream(
  "js.info() gives the next number as the first one of a stream that is empty",
  async (server) => {
    const broker = server.broker();
    const fresh = stream("FRESH", { subjects: ["fresh"], declare: "create" });
    const js = jetstream(broker, { streams: [fresh] });
    await broker.start();
    const { firstSeq, lastSeq, firstTime } = await js.info(fresh);
    assertEquals([firstSeq, lastSeq, firstTime], [1, 0, undefined]);
  },
);
