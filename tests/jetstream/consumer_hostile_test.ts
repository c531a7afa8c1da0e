import { NatsBroker } from "@signalbox/nats";
import { TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { consumer, jetstream, Retry, stream } from "../../src/jetstream/mod.ts";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { FrameClient } from "../support/jetstream/frame_client.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
const JETSTREAM = { jetstream: true } as const;
const many = (count: number) => Array.from({ length: count }, (_, at) => `orders.${at}`);

/** The first lines and headers that a peer may forge. */
const STATUSES = [
  ...["NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 999999999999999999\r\n\r\n"],
  ...["NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: -5\r\n\r\n"],
  ...["NATS/1.0 409 Consumer Deleted\r\n\r\n", "NATS/1.0 409 Leadership Change\r\n\r\n"],
  ...["NATS/1.0 503\r\n\r\n", "NATS/1.0 404\r\n\r\n", "NATS/1.0 423 Nats-Wrong-Pin-Id\r\n\r\n"],
  ...["NATS/1.0 409 Exceeded MaxRequestBatch of 0\r\n\r\n", "NATS/1.0 777 \x1b[31m\r\n\r\n"],
  ...["NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: x\r\n\r\n", "NATS/1.0\r\n\r\n"],
  ...["NATS/1.0 409 Exceeded MaxRequestExpires of -1s\r\n\r\n", "NATS/1.0 400 Bad Request\r\n\r\n"],
];

onEveryServer(
  "consumer() handles each message once while a peer sends forged statuses and deliveries to its inbox",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const errors = errorsOf(broker);
    const runs = new Map<string, number>();
    const subscriber = broker.subscriber(
      consumer(orders, "work", { confirm: true }),
      ({ params }) => {
        runs.set(params.id, (runs.get(params.id) ?? 0) + 1);
      },
    );
    await using peer = await FrameClient.to(server);
    const sid = await peer.subscribe("$JS.API.CONSUMER.MSG.NEXT.ORDERS.work");
    await broker.start();
    let asked = 0;
    let isOver = false;
    const lying = (async () => {
      for (let at = 0; !isOver; at++) {
        const requests = await peer.take((frame) => frame.sid === sid, 1, 20);
        asked += requests.length;
        for (const { reply } of requests) {
          const forged = `$JS.ACK.ORDERS.work.1.${1 + at % 7}.${1 + at % 7}.1.0`;
          await peer.publish(reply, { body: "forged", reply: forged });
          await peer.publish(reply, { body: "x" });
          for (let turn = 0; turn < 3; turn++) {
            const block = STATUSES[(at * 3 + turn) % STATUSES.length]!;
            await peer.say(`HPUB ${reply} ${block.length} ${block.length}\r\n${block}\r\n`);
          }
        }
      }
    })();
    for (const subject of many(60)) {
      await shop.store(subject, 1);
      await delay(10);
    }
    await subscriber.received(60, { timeout: 60_000 });
    isOver = true;
    await lying;
    await shop.settled("ORDERS", "work", 60_000);
    assertEquals([runs.size, [...runs.values()].filter((count) => count > 1)], [60, []]);
    assertLess(asked, 600);
    assertLess(errors.length, 40);
    assertEquals(errors.filter((text) => text.includes("\x1b")), []);
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() runs a message once while a peer refuses and acknowledges it in its place",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const runs: string[] = [];
    const work = consumer(orders, "work", { ackWait: "150ms" });
    broker.subscriber(work, { concurrency: 10 }, async ({ params }) => {
      runs.push(params.id);
      await delay(1_000);
    });
    await using peer = await FrameClient.to(server);
    const sid = await peer.subscribe("$JS.ACK.ORDERS.work.>");
    await broker.start();
    await shop.storeAll(many(10));
    const words = ["-NAK", "+WPI", '-NAK {"delay":1}', "+NXT", "garbage", "-NAK x"];
    for (let turn = 0; turn < 30; turn++) {
      for (
        const { subject } of await peer.take(
          (frame) => frame.sid === sid && frame.body === "+WPI",
          10,
          30,
        )
      ) {
        await peer.publish(subject, { body: words[turn % words.length]! });
      }
    }
    await shop.settled("ORDERS", "work");
    assertEquals(runs.length, 10);
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() goes on after somebody changes its time, its requests and its subjects on the server",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const runs: string[] = [];
    const work = consumer(orders, "work", { heartbeat: "300ms" });
    broker.subscriber(work, { concurrency: 4 }, async ({ params }) => {
      runs.push(params.id);
      await delay(700);
    });
    await broker.start();
    await shop.storeAll(many(4));
    await until("they must run", () => runs.length === 4);
    const { config } = await shop.consumer("ORDERS", "work");
    const changed = { ...config, ack_wait: 200_000_000, max_batch: 2, max_expires: 1_500_000_000 };
    await shop.api.call("CONSUMER.CREATE.ORDERS.work.orders.*", {
      stream_name: "ORDERS",
      config: changed,
      action: "update",
    });
    await delay(1_000);
    assertEquals([...runs].sort(), ["0", "1", "2", "3"]);
    await shop.storeAll(["orders.a", "orders.b", "orders.c"]);
    await until("it must go on", () => runs.length === 7);
    await until(
      "all must be acknowledged",
      async () => (await shop.consumer("ORDERS", "work")).ack_floor.stream_seq === 7,
    );
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() reports that its stream is gone, and begins anew with another of the same name",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const errors = errorsOf(broker);
    const seen: string[] = [];
    broker.subscriber(consumer(orders, "work"), ({ params, delivery }) => {
      seen.push(`${params.id} ${delivery.attempt}`);
    });
    await broker.start();
    for (const subject of many(3)) await shop.store(subject, 1);
    await until("they must be handled", () => seen.length === 3);
    await shop.api.call("STREAM.DELETE.ORDERS");
    await until("an error must report it", () => errors.length > 0);
    assertStringIncludes(errors[0]!, 'there is no consumer "work" of "ORDERS"');
    await shop.api.call("STREAM.CREATE.ORDERS", { name: "ORDERS", subjects: ["orders.*"] });
    await shop.store("orders.a", 1);
    await shop.store("orders.b", 1);
    await until("it must go on", () => seen.length === 5);
    assertEquals(seen.slice(3), ["a 1", "b 1"]);
    await shop.settled("ORDERS", "work");
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() reports messages that others have written among its dead letters, and skips them",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const errors = errorsOf(broker);
    const seen: string[] = [];
    broker.subscriber(consumer(orders, "work"), ({ params }) => void seen.push(params.id));
    await broker.start();
    for (let at = 0; at < 20; at++) {
      const headers = at % 2 === 0 ? { "Signalbox-Dead-Seq": "x" } : {};
      await shop.store(`ORDERS_DEAD.ORDERS.work.${at}.again.${at}`, "garbage", headers);
    }
    await shop.settled("ORDERS_DEAD", "ORDERS~work");
    await shop.store("orders.1", 1);
    await until("it must go on", () => seen.length === 1);
    assertEquals(errors.length, 2);
    assertStringIncludes(
      errors[0]!,
      "as its headers must be those of a dead letter: they are missing or wrong",
    );
    const letters = [];
    for await (const dead of jetstream(broker).deadLetters(orders)) letters.push(dead);
    assertEquals(letters, []);
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() ignores reserved headers that a publisher has set",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const seen: unknown[] = [];
    broker.subscriber(consumer(orders, "work"), ({ params, body, signal }) => {
      seen.push([params.id, body, signal.aborted]);
    });
    await broker.start();
    const strange = {
      "Signalbox-Time-Left": "0",
      "Signalbox-Dead-Seq": "1",
      "Nats-Stream": "OTHER",
      "Nats-Sequence": "-1",
      "Nats-Pending-Messages": "99",
      "Nats-Last-Consumer": "5",
      "Status": "503",
    };
    await shop.store("orders.1", 1, strange);
    await shop.store("orders.2", 2);
    await until("both must be handled", () => seen.length === 2);
    assertEquals(seen, [["1", 1, false], ["2", 2, false]]);
    await shop.settled("ORDERS", "work");
  },
  JETSTREAM,
);

Deno.test("consumer() keeps to long retries and timeouts while the clock jumps by hours", async () => {
  const broker = new NatsBroker(undefined, { logger: false });
  const errors = errorsOf(broker);
  const seen: string[] = [];
  const retry = { attempts: 3, backoff: "1h", jitter: 0 } as const;
  broker.subscriber(consumer(orders, "work", { retry, timeout: "2h" }), ({ params, delivery }) => {
    seen.push(`${params.id} ${delivery.attempt}`);
    if (params.id === "slow") return new Promise(() => {});
    if (delivery.attempt === 1) throw new Retry({ after: "12h" });
    if (delivery.attempt === 2) throw new Error("again");
  });
  await using test = await TestBroker.start(broker, { time: "moved" });
  const js = jetstream(broker);
  await js.publish("orders.1", 1);
  await js.publish("orders.slow", 1);
  await test.advance("11h");
  assert(seen.length >= 2, seen.join());
  assertEquals(seen.filter((one) => one.startsWith("1")), ["1 1"]);
  await test.advance("61m");
  assertEquals(seen.filter((one) => one.startsWith("1")), ["1 1", "1 2"]);
  await test.advance("61m");
  assertEquals(seen.filter((one) => one.startsWith("1")), ["1 1", "1 2", "1 3"]);
  assertEquals(seen.filter((one) => one.startsWith("slow")), ["slow 1", "slow 2", "slow 3"]);
  const told = errors.filter((text) => text.includes("silent") || text.includes("without a word"));
  assertEquals(told, []);
});
