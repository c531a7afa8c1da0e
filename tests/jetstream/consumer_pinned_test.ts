import type { Duration, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { consumer, jetstream, priority, stream } from "../../src/jetstream/mod.ts";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { pinnedElsewhere, pinOf } from "../support/jetstream/pinned.ts";
import { until } from "../support/nats_server/until.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
const NEEDS = { jetstream: true, since: "2.11" } as const;
const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => `orders.${from + at}`);
const pinned = (timeout: Duration) =>
  consumer(orders, "work", { group: { pinned: { timeout } }, ackWait: "2s" });

/** Starts a worker; returns the ids that it gets. */
async function working(broker: NatsBroker, timeout: Duration = "2s"): Promise<string[]> {
  const taken: string[] = [];
  broker.subscriber(pinned(timeout), ({ params }) => void taken.push(params.id));
  await broker.start();
  return taken;
}

onEveryServer(
  "consumer() with a pinned group gives all messages to one process, and at once to another when that one stops",
  async (server) => {
    const shop = await Workshop.at(server);
    const [one, other] = [server.broker(), server.broker()];
    const errors = [errorsOf(one), errorsOf(other)];
    // longer than the test waits
    const first = await working(one, "1h");
    await shop.storeAll(many(1));
    await until("the first must have one", () => first.length === 1);
    const second = await working(other, "1h");
    await shop.storeAll(many(300, 1));
    await until("the first must have all", () => first.length === 301);
    assertEquals(second, []);
    const began = performance.now();
    await one.stop();
    await shop.storeAll(many(20, 400));
    await until("the other must have the rest", () => second.length === 20);
    assertLess(performance.now() - began, 20_000);
    assertEquals([first.length, ...errors.flat()], [301]);
    await shop.settled("ORDERS", "work");
  },
  NEEDS,
);

onEveryServer(
  "consumer() with a pinned group keeps its process while all places are taken, and while no messages come",
  async (server) => {
    const shop = await Workshop.at(server);
    const [one, other] = [server.broker(), server.broker()];
    // long enough for a sign of life after the machine has stood still for two seconds
    const work = pinned("3s");
    const { promise: end, resolve } = Promise.withResolvers<void>();
    const [first, second]: string[][] = [[], []];
    one.subscriber(work, { concurrency: 1 }, ({ params }) => {
      first!.push(params.id);
      return end;
    });
    await one.start();
    await shop.storeAll(many(1));
    await until("it must have begun", () => first!.length === 1);
    other.subscriber(work, ({ params }) => void second!.push(params.id));
    await other.start();
    await shop.storeAll(many(5, 1));
    const pin = await pinOf(shop);
    // longer than the timeout
    await delay(5_000);
    assertEquals([await pinOf(shop), second], [pin, []]);
    resolve();
    await until("the first must have all", () => first!.length === 6);
    assertEquals(second, []);
  },
  NEEDS,
);

onEveryServer(
  "consumer() with a pinned group switches to another process once the first one is silent",
  async (server) => {
    const shop = await Workshop.at(server);
    const maker = server.broker();
    await working(maker, "1s");
    await maker.stop();
    const began = performance.now();
    await pinnedElsewhere(shop, "ORDERS", "work", () => shop.storeAll(many(1)));
    const taken = await working(server.broker(), "1s");
    await shop.storeAll(many(10, 1));
    await until("the other must have the rest", () => taken.length >= 10, { timeout: 15_000 });
    assertGreater(performance.now() - began, 900);
    await until("what the first had must come, too", () => taken.includes("0"));
  },
  NEEDS,
);

onEveryServer(
  "consumer() with a pinned group is made again after somebody deletes it",
  async (server) => {
    const shop = await Workshop.at(server);
    const taken = [await working(server.broker(), "1h")];
    await shop.storeAll(many(1));
    await until("the first must have one", () => taken.flat().length === 1);
    // these get no messages
    for (let each = 0; each < 4; each++) taken.push(await working(server.broker(), "1h"));
    await shop.storeAll(many(20, 1));
    await until("the first must have all", () => taken.flat().length === 21);
    await shop.settled("ORDERS", "work");
    await shop.api.call("CONSUMER.DELETE.ORDERS.work");
    await until("it must be made again", () => shop.consumer("ORDERS", "work").catch(() => false));
    await shop.storeAll(many(1, 21));
    await until("somebody must have the last one", () => taken.flat().includes("21"));
    assertEquals(taken.flat().length, 22);
  },
  NEEDS,
);

onEveryServer(
  "consumer() with a pinned group goes on after somebody else unpins it",
  async (server) => {
    const shop = await Workshop.at(server);
    const [one, other] = [server.broker(), server.broker()];
    const errors = [errorsOf(one), errorsOf(other)];
    const taken = [await working(one, "1h"), await working(other, "1h")];
    let stored = 0;
    for (let turn = 0; turn < 5; turn++) {
      await shop.storeAll(many(10, stored));
      stored += 10;
      await until("all must be handled", () => taken.flat().length === stored);
      await shop.api.call("CONSUMER.UNPIN.ORDERS.work", { group: "workers" });
    }
    assertEquals([new Set(taken.flat()).size, ...errors.flat()], [50]);
  },
  NEEDS,
);

onEveryServer(
  "consumer() with a pinned group replays dead letters to one process",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const work = consumer(orders, "work", {
      group: { pinned: { timeout: "1s" } },
      retry: { attempts: 1 },
    });
    let runs = 0;
    broker.subscriber(work, () => {
      if (runs++ === 0) throw new Error("not yet");
    });
    await broker.start();
    const js = jetstream(broker);
    await shop.store("orders.1", 1);
    for await (const dead of js.deadLetters(orders, { follow: true })) {
      await dead.replay();
      break;
    }
    await until("it must run again", () => runs === 2);
  },
  NEEDS,
);

onEveryServer(
  "permissions() is enough for a pinned group to work and to hand over",
  async (server) => {
    const one = server.broker();
    const first = await working(one, "1h");
    const other = server.broker();
    const publish = one.permissions().publish as readonly string[];
    assert(publish.includes("$JS.API.CONSUMER.UNPIN.ORDERS.work"));
    const second = await working(other, "1h");
    const shop = await Workshop.at(server);
    await shop.storeAll(many(1));
    await until("one must have it", () => first.length + second.length === 1);
    const [holder, taken] = first.length === 1 ? [one, second] : [other, first];
    await holder.stop();
    await shop.storeAll(many(3, 1));
    await until("the other must have them", () => taken.length === 3);
  },
  NEEDS,
);

Deno.test("consumer() refuses a wrong group, and a timeout that is too short", () => {
  const wrong = [{}, { pinned: 1 }, { pinned: {}, other: {} }, { other: {} }, 7, null, "pinned", {
    pinned: { timeout: "999ms" },
  }, { pinned: { wait: 1 } }];
  for (const group of wrong) {
    assertThrows(
      () => consumer(orders, "work", { group } as never),
      TypeError,
      'Cannot make the consumer "work" as ',
    );
  }
  assertThrows(
    () => consumer(orders, "work", { group: { pinned: {}, overflow: {} } } as never),
    TypeError,
    '"group" must be one of { pinned: {} }, { prioritized: {} } and { overflow: {} }: { pinned, overflow }',
  );
});

Deno.test("priority() refuses a consumer with a group", () => {
  const other = consumer(orders, "other");
  const rule = 'each must be without "group": "work" has it';
  assertThrows(() => priority(other, pinned("1s")), TypeError, rule);
});
