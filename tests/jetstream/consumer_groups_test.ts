import type { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  consumer,
  DifferenceError,
  type GroupPolicy,
  jetstream,
  stream,
} from "../../src/jetstream/mod.ts";
import { onEveryServer } from "../support/backends.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => `orders.${from + at}`);

/** Starts a process of a group; returns the ids that it gets, and a gate for its handlers. */
async function working(broker: NatsBroker, group: GroupPolicy, concurrency = 8) {
  const taken: string[] = [];
  const gate = { open: Promise.resolve() };
  broker.subscriber(consumer(orders, "work", { group }), { concurrency }, async ({ params }) => {
    taken.push(params.id);
    await gate.open;
  });
  await broker.start();
  return { taken, gate };
}

onEveryServer(
  "consumer() with a prioritized group gives messages to the process with the lowest number that has a free place",
  async (server) => {
    const shop = await Workshop.at(server);
    const brokers = [server.broker(), server.broker()] as const;
    const errors = brokers.map(errorsOf);
    const second = await working(brokers[1], { prioritized: { priority: 5 } });
    const first = await working(brokers[0], { prioritized: {} });
    await until(
      "both must ask",
      async () => (await shop.consumer("ORDERS", "work")).num_waiting! >= 2,
    );
    await shop.storeAll(many(4));
    await until("the first must have four", () => first.taken.length === 4);
    assertEquals(second.taken, []);
    // the process has no place for more
    const { promise, resolve } = Promise.withResolvers<void>();
    first.gate.open = promise;
    await shop.storeAll(many(12, 4));
    await until("both must have all", () => first.taken.length + second.taken.length === 16);
    // the process asks again once it has got half of the messages it asked for
    assert(first.taken.length >= 8 && second.taken.length >= 4, `${first.taken.length}`);
    const helped = second.taken.length;
    resolve();
    await shop.settled("ORDERS", "work");
    await brokers[0].stop();
    await shop.storeAll(many(5, 16));
    await until("the second must have all that comes", () => second.taken.length === helped + 5);
    assertEquals(errors.flat(), []);
  },
  { jetstream: true, since: "2.12" },
);

onEveryServer(
  "consumer() with an overflow group lets a process help only while enough messages wait",
  async (server) => {
    const shop = await Workshop.at(server);
    const brokers = [server.broker(), server.broker()] as const;
    const errors = brokers.map(errorsOf);
    const main = await working(brokers[0], { overflow: {} }, 2);
    const helper = await working(brokers[1], { overflow: { minPending: 10 } });
    await until(
      "both must ask",
      async () => (await shop.consumer("ORDERS", "work")).num_waiting! >= 2,
    );
    await shop.storeAll(many(4));
    await until("the main one must have four", () => main.taken.length === 4);
    const { promise, resolve } = Promise.withResolvers<void>();
    main.gate.open = promise;
    await shop.storeAll(many(30, 4));
    const left = await until("the helper must have helped", async () => {
      const { num_pending } = await shop.consumer("ORDERS", "work");
      return helper.taken.length > 0 && num_pending < 10 && num_pending;
    });
    assert(left >= 8, `${left} left`);
    assertEquals(main.taken.length, 6);
    resolve();
    await until("all must be done", () => main.taken.length + helper.taken.length === 34);
    assertEquals([main.taken.length >= 6 + left, errors.flat()], [true, []]);
  },
  { jetstream: true, since: "2.11" },
);

onEveryServer(
  "consumer() with an overflow group lets a process help while too many messages are unacknowledged",
  async (server) => {
    const shop = await Workshop.at(server);
    const brokers = [server.broker(), server.broker()] as const;
    const main = await working(brokers[0], { overflow: {} }, 3);
    const helper = await working(brokers[1], { overflow: { minAckPending: 3 } });
    await until(
      "both must ask",
      async () => (await shop.consumer("ORDERS", "work")).num_waiting! >= 2,
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    main.gate.open = promise;
    await shop.storeAll(many(10));
    await until("the helper must have the rest", () => helper.taken.length === 7);
    await until("the main one must have three", () => main.taken.length === 3);
    resolve();
    await shop.settled("ORDERS", "work");
  },
  { jetstream: true, since: "2.11" },
);

for (const group of [{ overflow: { minPending: 1 } }, { prioritized: { priority: 3 } }] as const) {
  onEveryServer(
    `consumer() gets its long retries in a group of the kind ${Object.keys(group)}`,
    async (server) => {
      const jobs = stream("JOBS", {
        subjects: ["jobs.{id}"],
        allowMsgSchedules: true,
        declare: "create",
      });
      const broker = server.broker();
      const errors = errorsOf(broker);
      const attempts: number[] = [];
      const retry = { backoff: "300ms", scheduleFrom: "100ms" } as const;
      broker.subscriber(consumer(jobs, "work", { group, retry }), ({ delivery }) => {
        attempts.push(delivery.attempt);
        if (delivery.attempt === 1) throw new Error("once");
      });
      await broker.start();
      await jetstream(broker).publish("jobs.1");
      await until("it must be tried again", () => attempts.length === 2);
      assertEquals([attempts, errors], [[1, 2], ["once"]]);
    },
    { jetstream: true, since: "2.14" },
  );
}

onEveryServer(
  "consumer() without a group differs from one with a group, and an update removes the group",
  async (server) => {
    const shop = await Workshop.at(server);
    const grouped = server.broker();
    grouped.subscriber(consumer(orders, "work", { group: { pinned: {} } }), () => {});
    await grouped.start();
    await grouped.stop();
    const alone = (declare: "create" | "verify" | "update") => {
      const broker = server.broker();
      const same = stream("ORDERS", { subjects: ["orders.{id}"], declare });
      const done = Promise.withResolvers<string>();
      broker.subscriber(consumer(same, "work"), ({ params }) => done.resolve(params.id));
      return { broker, done: done.promise };
    };
    for (const declare of ["create", "verify"] as const) {
      const sentence = 'priority_policy is "pinned_client" and not "none"';
      await assertRejects(() => alone(declare).broker.start(), DifferenceError, sentence);
    }
    const { broker, done } = alone("update");
    await broker.start();
    await shop.store("orders.7", "");
    assertEquals(await done, "7");
  },
  { jetstream: true, since: "2.11" },
);

Deno.test("consumer() refuses a wrong group", () => {
  const wrong = [
    {},
    { prioritized: 1 },
    { prioritized: {}, pinned: {} },
    { other: {} },
    { prioritized: { priority: 10 } },
    { prioritized: { priority: 0.5 } },
    { overflow: { minPending: 0 } },
    { overflow: { minAckPending: -1 } },
    { overflow: { priority: 1 } },
  ];
  for (const group of wrong) {
    assertThrows(() => consumer(orders, "work", { group: group as never }), TypeError);
  }
});
