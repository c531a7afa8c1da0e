import type { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  consumer,
  type ConsumerOptions,
  type Declare,
  DifferenceError,
  jetstream,
  NotFoundError,
  stream,
} from "../../src/jetstream/mod.ts";
import { type Backend, onEveryServer, onNatsServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const NEEDS = { jetstream: true, since: "2.15" } as const;
const QUEUE = "ORDERS~work";

/** Starts a worker; returns its broker, the subjects that it handles, and its errors. */
async function working(
  server: Backend,
  declare: Declare,
  partitions = 3,
  { subjects = ["orders.{id}"], ...options }: ConsumerOptions & { subjects?: string[] } = {},
) {
  const orders = stream("ORDERS", { subjects, declare });
  const broker = server.broker();
  const [seen, errors] = [[] as string[], errorsOf(broker)];
  const work = consumer(orders, "work", { ...options, key: "id", partitions } as object);
  broker.subscriber(work, ({ subject }) => void seen.push(subject));
  await broker.start();
  return { broker, seen, errors };
}

onEveryServer(
  'consumer() with partitions makes its second stream with "create" and "update", and requires it with "verify" and "leave"',
  async (server) => {
    const shop = await Workshop.at(server);
    await shop.api.call("STREAM.CREATE.ORDERS", { name: "ORDERS", subjects: ["orders.*"] });
    const missing = await assertRejects(() => working(server, "verify"), NotFoundError);
    assertStringIncludes(missing.message, "stream");
    await assertRejects(() => shop.stream(QUEUE), NotFoundError);
    let stored = 0;
    for (const declare of ["update", "verify", "leave", "create"] as const) {
      const { broker, seen, errors } = await working(server, declare);
      await shop.storeAll(["orders.1", "orders.2", "orders.3"]);
      stored += 3;
      await until(`"${declare}" must handle`, () => seen.length === 3);
      await broker.stop();
      assertEquals(errors, []);
    }
    const { config, state } = await shop.stream(QUEUE);
    assertEquals([config.retention, state.messages, state.last_seq], ["workqueue", 0, stored]);
  },
  NEEDS,
);

for (const declare of ["create", "update", "verify"] as const) {
  onEveryServer(
    `start() refuses another number of partitions with "${declare}", names both numbers and changes nothing`,
    async (server) => {
      const shop = await Workshop.at(server);
      const first = await working(server, "create");
      const before = (await shop.stream(QUEUE)).config;
      for (const other of [2, 4]) {
        const error = await assertRejects(() => working(server, declare, other), DifferenceError);
        const { field, declared, found, changeable } = error.differences[0]!;
        const facts = [field, declared, found, changeable];
        assertEquals(facts, ["partitions", `${other} by id`, "3 by id", false]);
        assertStringIncludes(error.message, `"3 by id" and not "${other} by id"`);
      }
      assertEquals((await shop.stream(QUEUE)).config, before);
      // the other workers go on
      await shop.storeAll(["orders.1", "orders.2"]);
      await until("all must be handled", () => first.seen.length === 2);
      assertEquals(first.errors, []);
    },
    NEEDS,
  );
}

onEveryServer(
  'consumer() with partitions reports with "create" and "verify" how its second stream differs, and "update" repairs it',
  async (server) => {
    const shop = await Workshop.at(server);
    await (await working(server, "create")).broker.stop();
    const { config } = await shop.stream(QUEUE);
    await shop.api.call(`STREAM.UPDATE.${QUEUE}`, { ...config, description: "mine" });
    for (const declare of ["create", "verify"] as const) {
      const error = await assertRejects(() => working(server, declare), DifferenceError);
      assertEquals(error.differences.map(({ field }) => field), ["description"]);
    }
    const { seen, broker } = await working(server, "update");
    assertEquals((await shop.stream(QUEUE)).config.description, config.description);
    await shop.storeAll(["orders.1", "orders.2"]);
    await until("all must be handled", () => seen.length === 2);
    await broker.stop();
  },
  NEEDS,
);

onEveryServer(
  "consumer() with partitions updates the consumers of all partitions",
  async (server) => {
    const shop = await Workshop.at(server);
    await (await working(server, "create")).broker.stop();
    const options = { ackWait: "7s" } as const;
    const refused = () => working(server, "verify", 3, options);
    const error = await assertRejects(refused, DifferenceError);
    assertEquals(error.differences.map(({ field }) => field), ["ack_wait"]);
    const { broker, seen } = await working(server, "update", 3, options);
    const infos = await Promise.all(["0", "1", "2"].map((each) => shop.consumer(QUEUE, each)));
    assertEquals(infos.map(({ config }) => config.ack_wait), [7e9, 7e9, 7e9]);
    await shop.storeAll(["orders.1", "orders.2"]);
    await until("all must be handled", () => seen.length === 2);
    await broker.stop();
  },
  NEEDS,
);

onEveryServer(
  'consumer() with partitions refuses another subject or start even with "update", and loses nothing',
  async (server) => {
    const shop = await Workshop.at(server);
    const subjects = ["orders.{id}", "bills.{id}"];
    const first = await working(server, "create", 3, { subjects });
    const before = (await shop.stream(QUEUE)).config;
    for (const options of [{ subject: "orders.{id}" }, { from: { seq: 2 } }]) {
      const error = await assertRejects(
        () => working(server, "update", 3, { ...options, subjects }),
        DifferenceError,
      );
      const facts = error.differences.map(({ field, changeable }) => [field, changeable]);
      assertEquals(facts, [["sources", false]]);
      assertStringIncludes(error.message, "another name");
    }
    assertEquals((await shop.stream(QUEUE)).config, before);
    await shop.storeAll(["orders.1", "bills.1"]);
    await until("all must be handled", () => first.seen.length === 2);
  },
  NEEDS,
);

/** Starts a worker that fails now and then, and records the messages of each key that it has done. */
async function keeping(server: Backend, done: Map<string, number[]>): Promise<NatsBroker> {
  const orders = stream("ORDERS", { subjects: ["orders.{id}"] });
  const retry = { attempts: 50, backoff: "10ms" } as const;
  const work = consumer(orders, "work", { key: "id", partitions: 3, ackWait: "2s", retry });
  const broker = server.broker({ reconnect: { minDelay: 20, maxDelay: 100 } });
  broker.subscriber(work, async ({ params: { id }, body, signal }) => {
    await delay(Math.random() * 4);
    if (Math.random() < 0.1) throw new Error("not now");
    if (!signal.aborted) done.set(id, [...done.get(id) ?? [], body as number]);
  });
  await broker.start();
  return broker;
}

Deno.test("consumer() with partitions goes on in order after restarts of its brokers and its server", () =>
  onNatsServer(async (backend, server) => {
    const shop = await Workshop.at(backend);
    const maker = await working(backend, "create", 3, { ackWait: "2s" });
    await maker.broker.stop();
    for (let at = 0; at < 40; at++) {
      await shop.storeAll(Array.from({ length: 10 }, (_, key) => `orders.${key}`), () => at);
    }
    const done = new Map<string, number[]>();
    const count = () => done.values().reduce((sum, { length }) => sum + length, 0);
    const reached = (goal: number) =>
      until(`${goal} must be done`, () => count() >= goal, { timeout: 60_000 });
    const brokers = [await keeping(backend, done), await keeping(backend, done)];
    for (const goal of [60, 120, 180, 240]) {
      await reached(goal);
      await brokers.shift()!.stop();
      await server.restart();
      brokers.push(await keeping(backend, done));
    }
    await reached(400);
    await until("nothing must be left", async () => {
      return (await shop.stream(QUEUE)).state.messages === 0;
    }, { timeout: 60_000 });
    for (const [key, seen] of done) {
      let next = 0;
      for (const at of seen) {
        // unacknowledged messages come again, before all later ones
        if (at === next) next++;
        else assertEquals(at, next - 1, `key ${key}: ${seen}`);
      }
      assertEquals(next, 40, `key ${key}: ${seen}`);
    }
    assertEquals(done.size, 10);
  }, NEEDS));

const CAN_SCHEDULE = { allowMsgSchedules: true } as const;
const LONG = { backoff: "1h" } as const;
/** Whether start() reports that long retries block a partition, for options of the stream and the consumer. */
const RETRIES: readonly [object, ConsumerOptions, boolean][] = [
  [CAN_SCHEDULE, {}, true],
  [{}, { retry: LONG }, true],
  [{}, { retry: { scheduleFrom: "1m" } }, true],
  [{}, { retry: { backoff: "1s" } }, false],
  [CAN_SCHEDULE, { retry: { ...LONG, scheduleFrom: Infinity } }, false],
];

onEveryServer(
  "start() says once that long retries block the partitions of a consumer",
  async (server) => {
    for (const [at, [given, options, isTold]] of RETRIES.entries()) {
      const name = `ORDERS${at}`;
      const subject = `orders${at}.{id}` as const;
      const orders = stream(name, { ...given, subjects: [subject], declare: "create" });
      const broker = server.broker();
      const errors = errorsOf(broker);
      const work = consumer(orders, "work", { ...options, key: "id", partitions: 3 });
      broker.subscriber(work, () => {});
      await broker.start();
      await broker.stop();
      const words = 'Cannot schedule long retries of the consumer "work" as it must not have ' +
        '"partitions": each blocks its partition while it waits';
      assertEquals(errors, isTold ? [words] : []);
    }
  },
  NEEDS,
);

for (const from of ["first", { seq: 1 }, { time: new Date(0) }] as const) {
  onEveryServer(
    `consumer() with partitions from ${
      JSON.stringify(from)
    } handles all, even if dead letters were replayed before its first start`,
    async (server) => {
      const shop = await Workshop.at(server);
      const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
      const old = server.broker();
      old.subscriber(consumer(orders, "work", { retry: { attempts: 1 } }), () => {
        throw new Error("bad");
      });
      await old.start();
      await shop.store("orders.bad", 0);
      await shop.letters("ORDERS_DEAD", 1);
      await old.stop();
      await shop.api.call("CONSUMER.DELETE.ORDERS.work");
      for await (const dead of jetstream(shop.broker).deadLetters("ORDERS")) await dead.replay();
      await shop.storeAll(Array.from({ length: 20 }, (_, at) => `orders.${at}`));
      // the server must not have the messages and their time in one millisecond
      await delay(20);
      const { seen } = await working(server, "create", 3, { from });
      await until("all must be handled", () => seen.length >= 22);
      const expected = ["orders.bad", ...Array.from({ length: 20 }, (_, at) => `orders.${at}`)];
      assertEquals([...new Set(seen)].toSorted(), expected.toSorted());
    },
    NEEDS,
  );
}

for (const declare of ["create", "update"] as const) {
  onEveryServer(
    `of two workers with other partitions that start at once with "${declare}", one is refused`,
    async (server) => {
      const shop = await Workshop.at(server);
      await shop.api.call("STREAM.CREATE.ORDERS", { name: "ORDERS", subjects: ["orders.*"] });
      for (let round = 0; round < 5; round++) {
        const starts = [3, 4].map((partitions) => working(server, declare, partitions));
        const outcomes = await Promise.allSettled(starts);
        const refused = outcomes.find(({ status }) => status === "rejected");
        assert(refused?.status === "rejected" && refused.reason instanceof DifferenceError);
        assertEquals(refused.reason.differences[0]?.field, "partitions");
        const begun = outcomes.find(({ status }) => status === "fulfilled");
        assert(begun?.status === "fulfilled");
        await begun.value.broker.stop();
        const { config, state } = await shop.stream(QUEUE);
        const cut = `${state.consumer_count} by id`;
        assertEquals(config.metadata?.["signalbox-partitions"], cut);
        assertStringIncludes(refused.reason.message, `"${cut}"`);
        await shop.api.call(`STREAM.DELETE.${QUEUE}`);
      }
    },
    NEEDS,
  );
}
