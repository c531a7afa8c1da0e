import { assertEquals, assertLessOrEqual } from "@std/assert";
import { consumer, jetstream, Reject, stream } from "../../src/jetstream/mod.ts";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
const JETSTREAM = { jetstream: true } as const;
const many = (count: number) => Array.from({ length: count }, (_, at) => `orders.${at}`);

onEveryServer(
  "consumer() takes no more than may be handled at once",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    let [running, mostRunning, mostPending] = [0, 0, 0];
    // what is acknowledged counts until the server has looked at it, so that it has to be confirmed here
    const work = consumer(orders, "work", { confirm: true });
    await shop.broker.request("$JS.API.STREAM.CREATE.ORDERS", {
      name: "ORDERS",
      subjects: ["orders.*"],
    });
    await shop.storeAll(many(200));
    const subscriber = broker.subscriber(work, { concurrency: 5 }, async () => {
      mostRunning = Math.max(mostRunning, ++running);
      await delay(3);
      running--;
    });
    await broker.start();
    while (subscriber.counts.handled < 200) {
      const { num_ack_pending } = await shop.consumer("ORDERS", "work");
      mostPending = Math.max(mostPending, num_ack_pending);
      await delay(1);
    }
    assertEquals(mostRunning, 5);
    assertLessOrEqual(mostPending, 5);
    assertEquals((await shop.settled("ORDERS", "work")).num_redelivered, 0);
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() runs a handler once that takes ten times as long as the server waits",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const runs: number[] = [];
    const work = consumer(orders, "work", { ackWait: "200ms" });
    broker.subscriber(work, { concurrency: 2 }, async ({ delivery }) => {
      runs.push(delivery.seq);
      await delay(2_000);
    });
    await broker.start();
    await shop.storeAll(many(4));
    await shop.settled("ORDERS", "work", 20_000);
    assertEquals(runs.sort(), [1, 2, 3, 4]);
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() ends a handler that hangs at its timeout: its signal aborts, it has failed, its place is free",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const errors = errorsOf(broker);
    const aborted: string[] = [];
    const handled: string[] = [];
    const retry = { attempts: 2, backoff: "100ms", jitter: 0 } as const;
    const work = consumer(orders, "work", { timeout: "300ms", ackWait: "150ms", retry });
    broker.subscriber(work, { concurrency: 1 }, ({ params, signal, delivery }) => {
      handled.push(`${params.id} ${delivery.attempt}`);
      if (params.id !== "hangs") return;
      signal.addEventListener("abort", () => aborted.push(String(signal.reason.name)));
      return new Promise(() => {});
    });
    await broker.start();
    await shop.store("orders.hangs", 1);
    await shop.store("orders.next", 2);
    const [letter] = await shop.letters("ORDERS_DEAD", 1);
    await shop.settled("ORDERS", "work");
    // a server that hears nothing for its time may want the second attempt first
    assertEquals([handled[0], handled.toSorted()], ["hangs 1", ["hangs 1", "hangs 2", "next 1"]]);
    assertEquals(aborted, ["TimeoutError", "TimeoutError"]);
    assertEquals(
      [letter!.headers.get("Signalbox-Dead-Reason"), errors[0]],
      ["failed", 'Cannot handle "orders.hangs" as it must finish in time: 300 ms have passed'],
    );
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() with confirm frees a place once the server has confirmed the acknowledgement",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const work = consumer(orders, "work", { confirm: true });
    const subscriber = broker.subscriber(work, { concurrency: 4 }, () => {});
    await broker.start();
    await shop.storeAll(many(50));
    await subscriber.received(50);
    // no wait: the server has them all
    const { num_ack_pending, ack_floor } = await shop.consumer("ORDERS", "work");
    assertEquals([num_ack_pending, ack_floor.stream_seq], [0, 50]);
  },
  JETSTREAM,
);

onEveryServer(
  'consumer() with ack: "before" runs a message once at most, and says what has failed',
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const errors = errorsOf(broker);
    const seen: string[] = [];
    const work = consumer(orders, "work", { ack: "before" });
    broker.subscriber(work, async ({ params }) => {
      const { num_ack_pending } = await shop.consumer("ORDERS", "work");
      seen.push(`${params.id} ${num_ack_pending}`);
      if (params.id === "1") throw new Error("failed");
      if (params.id === "2") throw new Reject("rejected");
    });
    await broker.start();
    for (const subject of many(3)) {
      const count = seen.length;
      await shop.store(subject, 1);
      await until("it must be handled", () => seen.length > count);
    }
    await shop.settled("ORDERS", "work");
    await until("both must be told", () => errors.length === 2);
    assertEquals([seen, errors], [["0 0", "1 0", "2 0"], ["failed", "rejected"]]);
    assertEquals(
      (await shop.broker.request("$JS.API.STREAM.INFO.ORDERS_DEAD")).body instanceof Object,
      true,
    );
  },
  JETSTREAM,
);

onEveryServer(
  "A dead letter that is replayed comes back to the consumer that gave it up, once, and may die again",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const js = jetstream(broker);
    const seen: string[] = [];
    let isMended = false;
    broker.subscriber(consumer(orders, "work"), ({ params, delivery, body, subject, headers }) => {
      const { id, attempt, consumer, stream } = delivery;
      seen.push(`${params.id} ${id} ${attempt} ${stream} ${consumer} ${body} ${subject}`);
      assertEquals([headers.get("x-shop"), headers.get("Signalbox-Dead-Seq")], ["a", undefined]);
      if (!isMended) throw new Reject("not yet");
    });
    const others: string[] = [];
    broker.subscriber(consumer(orders, "other"), ({ params }) => void others.push(params.id));
    await broker.start();
    await shop.store("orders.7", 12, { "X-Shop": "a" });
    await shop.letters("ORDERS_DEAD", 1);
    const replay = async () => {
      let count = 0;
      for await (const dead of js.deadLetters(orders)) {
        const twice = await Promise.all([dead.replay(), dead.replay()]);
        count += twice.filter(Boolean).length;
      }
      return count;
    };
    assertEquals(await replay(), 1);
    await until("it must have died again", () => seen.length === 2);
    await until("its letter must be there", async () => {
      const { state } = await shop.stream("ORDERS_DEAD");
      return Object.keys(state.subjects!).some((subject) => !subject.includes(".again."));
    });
    isMended = true;
    assertEquals(await replay(), 1);
    await until("it must be handled", () => seen.length === 3);
    await delay(50);
    assertEquals(new Set(seen), new Set(["7 ORDERS:1 1 ORDERS work 12 orders.7"]));
    assertEquals([others, await replay()], [["7"], 0]);
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() says that a message is larger than one request may be for, and does not ask in a loop",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const errors = errorsOf(broker);
    const seen: string[] = [];
    broker.subscriber(consumer(orders, "work", { maxBytes: 1_000 }), ({ params }) => {
      seen.push(params.id);
    });
    await broker.start();
    let requests = 0;
    shop.api.access.subscribe("$JS.API.CONSUMER.MSG.NEXT.>", () => void requests++);
    await shop.storeAll(many(20));
    await until("all that fits is handled", () => seen.length === 20);
    await shop.store("orders.large", "x".repeat(2_000));
    await until("it is told", () => errors.length > 0);
    const before = requests;
    await delay(500);
    assertLessOrEqual(requests - before, 1);
    assertEquals(errors, [
      'Cannot take messages of the consumer "work" of "ORDERS" as the server must accept the request: 409 Message Size Exceeds MaxBytes of 1000',
    ]);
  },
  JETSTREAM,
);
