import { assertEquals, assertLessOrEqual } from "@std/assert";
import { consumer, stream } from "../../src/jetstream/mod.ts";
import { onEveryServer } from "../support/backends.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { aNumber } from "../support/schemas.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
const JETSTREAM = { jetstream: true } as const;
const many = (count: number) => Array.from({ length: count }, (_, at) => `orders.${at}`);

onEveryServer(
  "consumer() with batches gives its handler lists, and waits for others no longer than it may",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const lists: string[][] = [];
    // the first lists are full before that, even on a machine that stands still for a moment
    const work = consumer(orders, "work", { batch: { max: 4, within: "2s" } });
    await shop.broker.request("$JS.API.STREAM.CREATE.ORDERS", {
      name: "ORDERS",
      subjects: ["orders.*"],
    });
    for (const subject of many(10)) await shop.store(subject, 1);
    broker.subscriber(work, { concurrency: 1 }, async (messages) => {
      lists.push(messages.map(({ params, delivery }) => `${params.id} ${delivery.seq}`));
      const { num_ack_pending } = await shop.consumer("ORDERS", "work");
      assertLessOrEqual(num_ack_pending, 8);
    });
    await broker.start();
    await until("all must be handled", () => lists.length === 3);
    assertEquals(lists, [
      ["0 1", "1 2", "2 3", "3 4"],
      ["4 5", "5 6", "6 7", "7 8"],
      ["8 9", "9 10"],
    ]);
    await shop.settled("ORDERS", "work");
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() with batches has an outcome for each message: rejected, tried again, unfit, done, or failed with the list",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const lists: string[] = [];
    const retry = { attempts: 2, backoff: "50ms", jitter: 0 } as const;
    // all lists but one are full at once, and so need not wait
    const work = consumer(orders, "work", { batch: { max: 2, within: "2s" }, retry });
    broker.subscriber(work, { schema: aNumber }, (messages) => {
      lists.push(messages.map(({ params, delivery }) => `${params.id}/${delivery.attempt}`).join());
      for (const { body, delivery, reject, retry } of messages) {
        if (body === 1) reject("no ones");
        if (body === 2 && delivery.attempt === 1) retry({ after: "20ms" });
        if (body === 9) throw new Error("no nines");
      }
    });
    await broker.start();
    for (const [at, body] of [0, 1, 2, "text"].entries()) await shop.store(`orders.${at}`, body);
    await shop.letters("ORDERS_DEAD", 2);
    await shop.settled("ORDERS", "work");
    assertEquals(lists, ["0/1,1/1", "2/1", "2/2"]);
    await shop.store("orders.4", 9);
    await shop.store("orders.5", 5);
    const letters = await shop.letters("ORDERS_DEAD", 4);
    await shop.settled("ORDERS", "work");
    assertEquals(lists.slice(3), ["4/1,5/1", "4/2,5/2"]);
    assertEquals(
      letters.map(({ headers }) =>
        ["Subject", "Reason", "Error"].map((name) => headers.get(`Signalbox-Dead-${name}`)).join()
      ).sort().map((line) => line.slice(0, 26)),
      [
        "orders.1,rejected,no ones",
        "orders.3,unfit,Cannot acce",
        "orders.4,failed,no nines",
        "orders.5,failed,no nines",
      ],
    );
  },
  JETSTREAM,
);

onEveryServer(
  "stop() gives back the messages that wait for a batch",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const work = consumer(orders, "work", { batch: { max: 10, within: "1h" } });
    let runs = 0;
    broker.subscriber(work, () => void runs++);
    await broker.start();
    for (const subject of many(3)) await shop.store(subject, 1);
    await until(
      "they must wait",
      async () => (await shop.consumer("ORDERS", "work")).num_ack_pending === 3,
    );
    await broker.stop();
    await delay(50);
    const raws = [await shop.pull("ORDERS", "work"), await shop.pull("ORDERS", "work")];
    assertEquals([runs, raws.length], [0, 2]);
  },
  JETSTREAM,
);
