import type { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";
import { consumer, stream } from "../../src/jetstream/mod.ts";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
const JETSTREAM = { jetstream: true } as const;
const many = (count: number) => Array.from({ length: count }, (_, at) => `orders.${at}`);

onEveryServer(
  "stop() lets the handlers of a consumer finish, and what was not begun goes to another at once",
  async (server) => {
    const shop = await Workshop.at(server);
    const [broker, other] = [server.broker(), server.broker()];
    const ended: string[] = [];
    const gate = Promise.withResolvers<void>();
    // those behind the first of their key have not begun
    const work = consumer(orders, "work", { key: () => "one" });
    broker.subscriber(work, { concurrency: 10 }, async ({ params }) => {
      await gate.promise;
      ended.push(params.id);
    });
    await broker.start();
    await shop.storeAll(many(10));
    await until("all must be there", async () => {
      const { num_ack_pending } = await shop.consumer("ORDERS", "work");
      return num_ack_pending === 10;
    });
    const taken: string[] = [];
    other.subscriber(work, ({ params }) => void taken.push(params.id));
    await other.start();
    const stopped = broker.stop();
    await until("the other must have the rest", () => taken.length === 9);
    assertEquals(ended, []);
    gate.resolve();
    await stopped;
    assertEquals(ended.length, 1);
    await shop.settled("ORDERS", "work");
  },
  JETSTREAM,
);

onEveryServer(
  "stop() gives back at its deadline what still runs, and takes a late end for an end",
  async (server) => {
    const shop = await Workshop.at(server);
    const [broker, other] = [server.broker(), server.broker()];
    const errors = errorsOf(broker);
    let isAborted = false;
    const work = consumer(orders, "work");
    broker.subscriber(work, ({ signal }) => {
      signal.addEventListener("abort", () => isAborted = true);
      return new Promise(() => {});
    });
    await broker.start();
    await shop.store("orders.1", 1);
    await until("it must have begun", () => broker.stats().handlers[0]?.pending === 1);
    const attempts: number[] = [];
    other.subscriber(work, ({ delivery }) => void attempts.push(delivery.attempt));
    await other.start();
    await broker.stop({ timeout: 2_000 });
    await until("the other must have it", () => attempts.length === 1);
    // a machine that stands still for a moment leaves no time for the last step of a stop
    const told = errors.filter((text) => !text.includes("tell the callers"));
    assertEquals([attempts, isAborted, told.length], [[2], true, 1]);
    await shop.settled("ORDERS", "work");
  },
  JETSTREAM,
);

onEveryServer(
  "A rolling restart of four workers handles every message, and none twice",
  async (server) => {
    const shop = await Workshop.at(server);
    const runs = new Map<string, number>();
    const work = consumer(orders, "work", { confirm: true });
    const worker = async (): Promise<NatsBroker> => {
      const broker = server.broker();
      broker.subscriber(work, { concurrency: 8 }, async ({ params }) => {
        await delay(Math.random() * 5);
        runs.set(params.id, (runs.get(params.id) ?? 0) + 1);
      });
      await broker.start();
      return broker;
    };
    const workers = await Promise.all([worker(), worker(), worker(), worker()]);
    const storing = (async () => {
      for (const subject of many(600)) await shop.store(subject, 1);
    })();
    for (let at = 0; at < 4; at++) {
      await delay(50);
      const next = worker();
      await workers[at]!.stop();
      workers[at] = await next;
    }
    await storing;
    await shop.settled("ORDERS", "work");
    assertEquals(runs.size, 600);
    assertEquals([...runs.values()].filter((count) => count > 1), []);
  },
  JETSTREAM,
);

onEveryServer(
  "A consumer is opened again by a start that follows a stop, and leaves no timer behind",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const seen: string[] = [];
    const work = consumer(orders, "work");
    const subscriber = broker.subscriber(work, ({ params }) => void seen.push(params.id));
    await broker.start();
    await shop.store("orders.1", 1);
    await subscriber.received(1);
    await subscriber.stop();
    await shop.store("orders.2", 2);
    await delay(50);
    assertEquals(seen, ["1"]);
    await subscriber.start();
    await subscriber.received(2);
    await broker.stop();
    await broker.start();
    await shop.store("orders.3", 3);
    await subscriber.received(3);
    assert(seen.join() === "1,2,3", seen.join());
  },
  JETSTREAM,
);
