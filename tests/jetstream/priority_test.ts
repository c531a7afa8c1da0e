import { assertEquals, assertLessOrEqual } from "@std/assert";
import { consumer, jetstream, priority, stream } from "../../src/jetstream/mod.ts";
import { onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { jobs, many, normal, shopOf, urgent } from "../support/jetstream/priority_jobs.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

onEveryJetStream(
  "priority() handles all waiting messages of the first consumer before those of the second",
  async (server) => {
    const shop = await shopOf(server);
    await shop.storeAll([...many("normal", 20), ...many("urgent", 20)]);
    const broker = server.broker();
    const order: string[] = [];
    const subscriber = broker.subscriber(
      priority(urgent, normal),
      { concurrency: 4 },
      async ({ delivery }) => {
        order.push(delivery.consumer);
        await delay(1);
      },
    );
    await broker.start();
    await subscriber.received(40, { timeout: 20_000 });
    assertEquals(order, [...Array(20).fill("urgent"), ...Array(20).fill("normal")]);
  },
);

for (const concurrency of [1, 2, 3, 64]) {
  onEveryJetStream(
    `priority() gives an urgent message the next free place of ${concurrency}`,
    async (server) => {
      const shop = await shopOf(server);
      const broker = server.broker();
      const order: string[] = [];
      const ends: (() => void)[] = [];
      const subscriber = broker.subscriber(
        priority(urgent, normal),
        { concurrency },
        ({ subject }) => {
          order.push(subject);
          return new Promise<void>((resolve) => ends.push(resolve));
        },
      );
      await broker.start();
      await shop.storeAll(many("normal", concurrency * 2));
      await until("all places must be taken", () => order.length === concurrency);
      // the others wait in the queue, and not in this process
      const info = await shop.consumer("JOBS", "normal");
      assertEquals([info.num_ack_pending, info.num_pending], [concurrency, concurrency]);
      await shop.store("jobs.urgent.1", 1);
      // a consumer learns of a message a moment after the server has confirmed that
      const isKnown = async () => (await shop.consumer("JOBS", "urgent")).num_pending === 1;
      await until("the consumer must know of it", isKnown);
      ends.shift()!();
      await until("one more must begin", () => order.length === concurrency + 1);
      assertEquals(order.at(-1), "jobs.urgent.1");
      const all = concurrency * 2 + 1;
      await until("all must be done", () => {
        ends.splice(0).forEach((end) => end());
        return subscriber.counts.handled === all;
      }, { timeout: 20_000 });
    },
  );
}

onEveryJetStream(
  "priority() takes in no more messages of all consumers together than it has places",
  async (server) => {
    const shop = await shopOf(server);
    const [first, second] = [
      consumer(jobs, "urgent", { subject: "jobs.urgent.{id}", confirm: true }),
      consumer(jobs, "normal", { subject: "jobs.normal.{id}", confirm: true }),
    ];
    const broker = server.broker();
    let [running, mostRunning, mostPending] = [0, 0, 0];
    const subscriber = broker.subscriber(
      priority(first, second),
      { concurrency: 5 },
      async () => {
        mostRunning = Math.max(mostRunning, ++running);
        await delay(2);
        running--;
      },
    );
    await broker.start();
    const stored = (async () => {
      for (let round = 0; round < 10; round++) {
        await shop.storeAll([...many("urgent", 10), ...many("normal", 10)]);
        await delay(20);
      }
    })();
    while (subscriber.counts.handled < 200) {
      const infos = await Promise.all(
        ["urgent", "normal"].map((name) => shop.consumer("JOBS", name)),
      );
      const pending = infos.reduce((sum, { num_ack_pending }) => sum + num_ack_pending, 0);
      // a message may be in both counts, as the two answers differ in time
      mostPending = Math.max(mostPending, pending);
      await delay(1);
    }
    await stored;
    assertEquals(mostRunning, 5);
    assertLessOrEqual(mostPending, 5 + 1);
    for (const name of ["urgent", "normal"]) {
      assertEquals((await shop.settled("JOBS", name)).num_redelivered, 0);
    }
  },
);

onEveryJetStream("priority() handles messages of both consumers as they arrive", async (server) => {
  const shop = await shopOf(server);
  const broker = server.broker();
  const seen: string[] = [];
  broker.subscriber(priority(urgent, normal), { concurrency: 1 }, ({ subject }) => {
    seen.push(subject);
  });
  await broker.start();
  for (let at = 0; at < 30; at++) {
    const subject = `jobs.${at % 3 === 0 ? "urgent" : "normal"}.${at}`;
    await shop.store(subject, 1);
    await until(`${subject} must be handled`, () => seen.at(-1) === subject);
    if (at % 5 === 0) await delay(120);
  }
});

onEveryJetStream(
  "priority() keeps the order within each key, and never takes more than its places",
  async (server) => {
    const shop = await shopOf(server);
    const broker = server.broker();
    const orders: Record<string, number[]> = {};
    let [running, most] = [0, 0];
    const byKey = consumer(jobs, "urgent", { subject: "jobs.urgent.{id}", key: "id" });
    const subscriber = broker.subscriber(
      priority(byKey, normal),
      { concurrency: 4 },
      async ({ body, params, delivery }) => {
        most = Math.max(most, ++running);
        if (delivery.consumer === "urgent") (orders[params.id] ??= []).push(body as number);
        await delay(2);
        running--;
      },
    );
    await broker.start();
    const keyed = Array.from({ length: 60 }, (_, at) => `jobs.urgent.${at % 3}`);
    await shop.storeAll([...keyed, ...many("normal", 30)], (_, at) => at);
    await subscriber.received(90, { timeout: 20_000 });
    for (const seen of Object.values(orders)) assertEquals(seen, seen.toSorted((a, b) => a - b));
    assertEquals(Object.keys(orders).length, 3);
    assertLessOrEqual(most, 4);
  },
);

onEveryJetStream(
  "priority() takes three consumers of different streams",
  async (server) => {
    const shop = await Workshop.at(server);
    const streams = ["A", "B", "C"].map((name) =>
      stream(name, { subjects: [`${name.toLowerCase()}.{id}`], declare: "create" })
    );
    const [a, b, c] = streams.map((each) => consumer(each, "work"));
    const broker = server.broker();
    jetstream(broker, { streams });
    await shop.broker.request("$JS.API.INFO");
    for (const name of ["A", "B", "C"]) {
      await shop.api.call(`STREAM.CREATE.${name}`, { name, subjects: [`${name.toLowerCase()}.*`] });
    }
    await shop.storeAll(["c.1", "c.2", "b.1", "b.2", "a.1", "a.2"]);
    const seen: string[] = [];
    const subscriber = broker.subscriber(
      priority(a!, b!, c!),
      { concurrency: 1 },
      ({ subject, params }) => void seen.push(`${subject} ${params.id}`),
    );
    await broker.start();
    await subscriber.received(6);
    assertEquals(seen.map((each) => each[0]).join(""), "aabbcc");
    assertEquals(seen[0]!.split(" ")[1], seen[0]!.split(" ")[0]!.split(".")[1]);
    // one by one, with fewer places than consumers
    for (const subject of ["c.3", "a.3", "b.3"]) await shop.store(subject, 1);
    await subscriber.received(9);
  },
);
