import { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { consumer, priority, stream, workQueue } from "../../src/jetstream/mod.ts";
import { onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { Proxy } from "../support/proxy.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
const config = 'jetstream: { store_dir: "streams" }';
const reconnect = { minDelay: 20, maxDelay: 100 };

function brokerAt(url: string): NatsBroker {
  return new NatsBroker(url, { logger: false, reconnect });
}

/** When the broker came back, by `performance.now()`. */
function backAt(broker: NatsBroker): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  void (async () => {
    for await (const { type } of broker.events()) {
      if (type === "connected") return resolve(performance.now());
    }
  })();
  return promise;
}

/** Resolves once the consumer has a request for messages: one that arrives as its consumer is deleted is lost. */
async function pulled(shop: Workshop): Promise<void> {
  const isPulled = async () => (await shop.consumer("ORDERS", "work")).num_waiting > 0;
  await until("it must be pulled from", isPulled);
}

/** Handles what comes, and says when. */
function worker(broker: NatsBroker, options: Parameters<typeof consumer>[2] = {}) {
  const seen: { readonly id: string; readonly at: number; readonly attempt: number }[] = [];
  broker.subscriber(consumer(orders, "work", options), ({ params, delivery }) => {
    seen.push({ id: params.id!, at: performance.now(), attempt: delivery.attempt });
  });
  return { seen, has: (id: string) => seen.find((one) => one.id === id) };
}

Deno.test("consumer() goes on within a second of the reconnect after its server was killed", async () => {
  await using server = await NatsServer.start({ config });
  await using broker = brokerAt(server.url);
  const shop = await Workshop.at({ broker: () => brokerAt(server.url) });
  const { has } = worker(broker);
  await broker.start();
  await shop.store("orders.before", 1);
  await until("the first must come", () => has("before"));
  await server.kill();
  const back = backAt(broker);
  await delay(300);
  await server.restart();
  const reconnected = await back;
  await shop.store("orders.after", 2);
  const stored = performance.now();
  const { at } = await until("the next must come", () => has("after"));
  // a second, and three more for a busy machine: less than until a silence is noticed
  assertLess(at - Math.max(reconnected, stored), 4_000);
  await shop.settled("ORDERS", "work");
  await shop.broker.stop();
});

Deno.test("consumer() goes on within a second of the reconnect after the network was cut for ten seconds", async () => {
  await using server = await NatsServer.start({ config });
  await using proxy = await Proxy.start(server.port);
  await using broker = brokerAt(proxy.url);
  const shop = await Workshop.at({ broker: () => brokerAt(server.url) });
  const { has, seen } = worker(broker);
  await broker.start();
  await shop.store("orders.before", 1);
  await until("the first must come", () => has("before"));
  const back = backAt(broker);
  await proxy.refuse();
  proxy.cut();
  await delay(5_000);
  await shop.store("orders.meanwhile", 2);
  await delay(5_000);
  proxy.accept();
  const reconnected = await back;
  const { at } = await until("the next must come", () => has("meanwhile"));
  // a second, and three more for a busy machine: less than until a silence is noticed
  assertLess(at - reconnected, 4_000);
  await shop.store("orders.after", 3);
  await until("it must go on", () => has("after"));
  assertEquals(seen.map(({ attempt }) => attempt), [1, 1, 1]);
  await shop.broker.stop();
});

Deno.test("consumer() sends acknowledgements of an outage again, so that nothing runs twice", async () => {
  await using server = await NatsServer.start({ config });
  await using proxy = await Proxy.start(server.port);
  await using broker = brokerAt(proxy.url);
  const shop = await Workshop.at({ broker: () => brokerAt(server.url) });
  const runs: string[] = [];
  const gate = Promise.withResolvers<void>();
  const work = consumer(orders, "work", { ackWait: "5s" });
  broker.subscriber(work, { concurrency: 100 }, async ({ params }) => {
    runs.push(params.id);
    await gate.promise;
  });
  await broker.start();
  await shop.storeAll(Array.from({ length: 100 }, (_, at) => `orders.${at}`));
  await until("all must run", () => runs.length === 100);
  const back = backAt(broker);
  // what is written meanwhile goes nowhere
  proxy.stall();
  gate.resolve();
  await delay(100);
  await proxy.refuse();
  proxy.cut();
  await delay(900);
  proxy.resume();
  proxy.accept();
  await back;
  const { num_redelivered } = await shop.settled("ORDERS", "work");
  await delay(5_500);
  assertEquals([num_redelivered, runs.length], [0, 100]);
  await shop.broker.stop();
});

Deno.test("consumer() says which acknowledgements it could not send before its broker stopped", async () => {
  await using server = await NatsServer.start({ config });
  await using proxy = await Proxy.start(server.port);
  const broker = brokerAt(proxy.url);
  const errors = errorsOf(broker);
  const shop = await Workshop.at({ broker: () => brokerAt(server.url) });
  const gate = Promise.withResolvers<void>();
  let runs = 0;
  broker.subscriber(consumer(orders, "work"), async () => {
    runs++;
    await gate.promise;
  });
  await broker.start();
  await shop.storeAll(["orders.1", "orders.2"]);
  await until("both must run", () => runs === 2);
  await proxy.refuse();
  proxy.cut();
  await until("the connection must be lost", () => broker.state === "reconnecting");
  gate.resolve();
  await broker.stop({ timeout: 500 });
  const told = errors.filter((text) => text.includes("Cannot acknowledge what is done"));
  assertEquals(told.length, 1, errors.join("\n"));
  assert(told[0]!.includes("ORDERS:1, ORDERS:2"), told[0]);
  await shop.broker.stop();
});

Deno.test("consumer() that was deleted by hand is made again where it was", async () => {
  await using server = await NatsServer.start({ config });
  await using broker = brokerAt(server.url);
  const errors = errorsOf(broker);
  const shop = await Workshop.at({ broker: () => brokerAt(server.url) });
  const { has, seen } = worker(broker);
  await broker.start();
  await shop.storeAll(["orders.1", "orders.2", "orders.3"]);
  await shop.settled("ORDERS", "work");
  await pulled(shop);
  await shop.api.call("CONSUMER.DELETE.ORDERS.work");
  await shop.store("orders.4", 4);
  const stored = performance.now();
  const { at } = await until("it must go on", () => has("4"));
  // less than until a silence is noticed
  assertLess(at - stored, 4_500);
  await delay(100);
  assertEquals(seen.length, 4);
  assertEquals(errors, [
    'Cannot go on with the consumer "work" of "ORDERS" as it must not be deleted while it is used: it was made again, from number 4 on',
  ]);
  // the next deploy finds it as it was declared
  await using next = brokerAt(server.url);
  worker(next);
  await next.start();
  await shop.broker.stop();
});

for (const kind of ["one", "several by priority"] as const) {
  onEveryJetStream(
    `consumer() of ${kind} that was deleted by hand is made again once the server may have removed its files`,
    async (server) => {
      const shop = await Workshop.at(server);
      const broker = server.broker();
      const wide = [consumer(orders, "work"), consumer(orders, "other")] as const;
      const seen: number[] = [];
      broker.subscriber(kind === "one" ? wide[0] : priority(...wide), () => {
        seen.push(performance.now());
      });
      await broker.start();
      await pulled(shop);
      const created: number[] = [];
      const listening = server.broker();
      listening.subscriber("$JS.API.CONSUMER.CREATE.ORDERS.>", () => {
        created.push(performance.now());
      });
      await listening.start();
      const began = performance.now();
      await shop.api.call("CONSUMER.DELETE.ORDERS.work");
      await until("it must be made again", () => created.length > 0);
      assertGreater(created[0]! - began, 95);
      await shop.store("orders.1", 1);
      await until("it must go on", () => seen.length > 0);
      await Promise.all([broker, listening, shop.broker].map((each) => each.stop()));
    },
  );
}

onEveryJetStream(
  "consumer() of a work queue that was deleted by hand is made again, and nothing runs twice",
  async (server) => {
    const jobs = workQueue("JOBS", { subjects: ["jobs.{id}"], declare: "create" });
    const shop = await Workshop.at(server);
    const broker = server.broker({ reconnect });
    const errors = errorsOf(broker);
    const seen: string[] = [];
    const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
    broker.subscriber(consumer(jobs, "work"), async ({ params }) => {
      seen.push(params.id);
      if (params.id === "2") await finished;
    });
    await broker.start();
    await shop.storeAll(["jobs.1", "jobs.2"]);
    await until("both begin", () => seen.length === 2);
    // deleted earlier, the consumer would take its acknowledgement along
    await until("one is done", async () => (await shop.stream("JOBS")).state.messages === 1);
    await shop.api.call("CONSUMER.DELETE.JOBS.work");
    await shop.store("jobs.3", 3);
    await until("it goes on", () => seen.includes("3"));
    finish();
    await shop.settled("JOBS", "work");
    assertEquals(seen, ["1", "2", "3"]);
    assertEquals((await shop.stream("JOBS")).state.messages, 0);
    assertEquals(errors, [
      'Cannot go on with the consumer "work" of "JOBS" as it must not be deleted while it is used: it was made again, from its beginning on',
    ]);
  },
);

Deno.test("consumer() that may not be made says that it is gone, and goes on once it is there", async () => {
  await using server = await NatsServer.start({ config });
  const shop = await Workshop.at({ broker: () => brokerAt(server.url) });
  const made = { name: "ORDERS", subjects: ["orders.*"] };
  await shop.api.call("STREAM.CREATE.ORDERS", made);
  const create = {
    durable_name: "work",
    ack_policy: "explicit",
    max_deliver: -1,
    ack_wait: 30_000_000_000,
    filter_subject: "orders.*",
  };
  const make = () =>
    shop.api.call("CONSUMER.CREATE.ORDERS.work.orders.*", {
      stream_name: "ORDERS",
      config: create,
    });
  await make();
  await using broker = brokerAt(server.url);
  const errors = errorsOf(broker);
  const seen: string[] = [];
  const verified = stream("ORDERS", { subjects: ["orders.{id}"] });
  broker.subscriber(consumer(verified, "work", { deadLetter: false }), ({ params }) => {
    seen.push(params.id);
  });
  await broker.start();
  await pulled(shop);
  await shop.api.call("CONSUMER.DELETE.ORDERS.work");
  await until("it must be told", () => errors.length > 0);
  assertEquals(
    errors[0],
    'Cannot take messages as it must exist: there is no consumer "work" of "ORDERS"',
  );
  await make();
  const began = performance.now();
  await shop.store("orders.1", 1);
  await until("it must go on", () => seen.length === 1);
  // a second between two attempts, and more for a busy machine: less than after a refusal
  assertLess(performance.now() - began, 4_500);
  await shop.broker.stop();
});

Deno.test("consumer() finds a half-open socket within twice its heartbeat", async () => {
  await using server = await NatsServer.start({ config });
  await using proxy = await Proxy.start(server.port);
  await using broker = brokerAt(proxy.url);
  const shop = await Workshop.at({ broker: () => brokerAt(server.url) });
  const { has } = worker(broker, { heartbeat: "2s", ackWait: "1s" });
  await broker.start();
  await shop.store("orders.before", 1);
  await until("the first must come", () => has("before"));
  const back = backAt(broker);
  const stalled = performance.now();
  proxy.stall();
  await until("it must be found", () => broker.state === "reconnecting");
  // twice the heartbeat, and nearly one more for a busy machine
  assertLess(performance.now() - stalled, 5_900);
  proxy.cut();
  proxy.resume();
  await back;
  await shop.store("orders.after", 2);
  await until("it must go on", () => has("after"));
  await shop.broker.stop();
});

Deno.test("consumer() that is deleted by hand is made again by one of several processes, and all go on", async () => {
  await using server = await NatsServer.start({ config });
  const shop = await Workshop.at({ broker: () => brokerAt(server.url) });
  const brokers = Array.from({ length: 4 }, () => brokerAt(server.url));
  const errors = brokers.map(errorsOf);
  const workers = brokers.map((broker) => worker(broker));
  for (const broker of brokers) await broker.start();
  await shop.storeAll(Array.from({ length: 20 }, (_, at) => `orders.${at}`));
  await shop.settled("ORDERS", "work");
  await shop.api.call("CONSUMER.DELETE.ORDERS.work");
  await until(
    "it must be made again",
    () => shop.consumer("ORDERS", "work").then(() => true, () => false),
  );
  await delay(300);
  await shop.storeAll(Array.from({ length: 200 }, (_, at) => `orders.more${at}`));
  await shop.settled("ORDERS", "work");
  const seen = workers.flatMap(({ seen }) => seen.map(({ id }) => id));
  assertEquals(new Set(seen).size, 220);
  const told = errors.flat();
  assertEquals(told.length, 1, told.join("\n"));
  assert(told[0]!.includes("it was made again"), told[0]);
  await Promise.all([...brokers, shop.broker].map((broker) => broker.stop()));
});
