import { assertEquals, assertMatch } from "@std/assert";
import { consumer, Reject, Retry, stream } from "@signalbox/nats/jetstream";
import { onEveryServer, type User } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";
import { aNumber } from "../support/schemas.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}.{event}"], declare: "create" });
const JETSTREAM = { jetstream: true } as const;

onEveryServer(
  "consumer() gives its handler the message with its parameters and its delivery, and a return acknowledges it",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const seen: unknown[] = [];
    const billing = consumer(orders, "billing", { subject: "orders.{id}.placed" });
    const subscriber = broker.subscriber(billing, { schema: aNumber }, (message) => {
      const { body, params, delivery, subject, replyTo, pattern } = message;
      const { id, seq, attempt, pending, stream, consumer } = delivery;
      assertMatch(delivery.time.toISOString(), /^20/);
      seen.push([body + 1, params.id, subject, replyTo, pattern]);
      seen.push({ id, seq, attempt, pending, stream, consumer });
      return "dropped";
    });
    await broker.start();
    await shop.store("orders.7.paid", 1);
    await shop.store("orders.7.placed", 2);
    await subscriber.received();
    assertEquals(seen, [
      [3, "7", "orders.7.placed", undefined, "orders.{id}.placed"],
      { id: "ORDERS:2", seq: 2, attempt: 1, pending: 0, stream: "ORDERS", consumer: "billing" },
    ]);
    const { ack_floor } = await shop.settled("ORDERS", "billing");
    assertEquals(ack_floor.stream_seq, 2);
    const [source] = broker.describe().sources;
    assertEquals(source?.details.subjects, ["orders.{id}.placed"]);
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() has a message tried again that its handler throws for, and as a dead letter after its attempts",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const errors = errorsOf(broker);
    const attempts: [string, number][] = [];
    const retry = { attempts: 3, backoff: ["30ms", "60ms"], jitter: 0 } as const;
    broker.subscriber(consumer(orders, "work", { retry }), ({ params, delivery }) => {
      attempts.push([params.id, delivery.attempt]);
      if (params.id === "once" && delivery.attempt === 2) return;
      throw new Error(`no\nbill of ${params.id}`);
    });
    await broker.start();
    await shop.store("orders.once.placed", 1);
    await shop.settled("ORDERS", "work");
    await shop.store("orders.always.placed", 2, { "X-Shop": "a", "Nats-Msg-Id": "own" });
    const [letter] = await shop.letters("ORDERS_DEAD", 1);
    await shop.settled("ORDERS", "work");
    assertEquals(attempts.map(([id, attempt]) => `${id} ${attempt}`), [
      ...["once 1", "once 2"],
      ...["always 1", "always 2", "always 3"],
    ]);
    assertMatch(letter!.subject, /^ORDERS_DEAD\.ORDERS\.work\.2-\d{13}$/);
    assertEquals(letter!.body, "2");
    const header = (name: string) => letter!.headers.get(`Signalbox-Dead-${name}`);
    assertEquals([header("Stream"), header("Consumer"), header("Seq"), header("Subject")], [
      ...["ORDERS", "work", "2", "orders.always.placed"],
    ]);
    assertEquals([header("Attempts"), header("Reason"), header("Error"), header("Stack")], [
      ...["3", "failed", "no\\x0abill of always", undefined],
    ]);
    assertMatch(header("Time")!, /^20\d\d-.*Z$/);
    assertEquals([letter!.headers.get("x-shop"), letter!.headers.get("Nats-Msg-Id") === "own"], [
      ...["a", false],
    ]);
    assertEquals(errors.filter((text) => text.startsWith("no\n")).length, 4);
    assertEquals(
      errors.at(-1),
      "Cannot handle ORDERS:2 as its handler must succeed within 3 attempts: no\nbill of always",
    );
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() makes a dead letter at once of what its handler rejects, and of a body that does not decode or fit",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    let runs = 0;
    const strict = consumer(orders, "strict", { deadStacks: true });
    broker.subscriber(strict, { schema: aNumber }, () => {
      runs++;
      throw new Reject("no total");
    });
    await broker.start();
    const json = { "content-type": "application/json" };
    await shop.store("orders.1.placed", 1);
    await shop.store("orders.2.placed", "text");
    await shop.store("orders.3.placed", new TextEncoder().encode("{"), json);
    const letters = await shop.letters("ORDERS_DEAD", 3);
    await shop.settled("ORDERS", "strict");
    const told = letters.map(({ headers, body }) => [
      body,
      ...["Reason", "Seq", "Attempts"].map((name) => headers.get(`Signalbox-Dead-${name}`)),
    ]).sort();
    assertEquals(told, [
      ['"text"', "unfit", "2", "1"],
      ["1", "rejected", "1", "1"],
      ["{", "unfit", "3", "1"],
    ]);
    assertEquals(runs, 1);
    const unfit = letters.find(({ body }) => body === '"text"')!.headers;
    assertEquals(Object.keys(JSON.parse(unfit.get("Signalbox-Dead-Issues")!)[0]), [
      "message",
      "path",
    ]);
    assertMatch(JSON.parse(unfit.get("Signalbox-Dead-Stack")!), /\n {4}at /);
    assertEquals(
      letters.find(({ body }) => body === "{")!.headers.get("content-type"),
      json["content-type"],
    );
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() keeps the delays of its retries, while other messages flow",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const times = new Map<string, number[]>();
    const retry = { attempts: 4, backoff: ["500ms", "800ms"], jitter: 0 } as const;
    const work = consumer(orders, "work", { retry, maxAckPending: 8 });
    broker.subscriber(work, { concurrency: 8 }, ({ params, delivery }) => {
      const { id } = params;
      times.set(id, [...times.get(id) ?? [], performance.now()]);
      if (!id.startsWith("again")) return;
      if (delivery.attempt === 1) throw new Retry({ after: "3s" });
      if (delivery.attempt < 4) throw new Error("again");
    });
    const asked: number[] = [];
    shop.api.access.subscribe("$JS.ACK.ORDERS.work.>", ({ data }) => {
      const [, delay] = /^-NAK \{"delay":(\d+)\}/.exec(new TextDecoder().decode(data)) ?? [];
      if (delay !== undefined) asked.push(Math.round(Number(delay) / 1e8) * 100);
    });
    await shop.broker.flush();
    await broker.start();
    for (let at = 0; at < 4; at++) await shop.store(`orders.again${at}.placed`, at);
    await shop.storeAll(Array.from({ length: 100 }, (_, at) => `orders.other${at}.placed`));
    const others = () => [...times.keys()].filter((id) => id.startsWith("other")).length;
    await until("the others must be handled", () => others() === 100);
    // they have not waited for those that come again
    assertEquals(times.get("again0")!.length, 1);
    await shop.settled("ORDERS", "work");
    for (let at = 0; at < 4; at++) {
      const [first, second, third, fourth] = times.get(`again${at}`)!;
      const waits = [second! - first!, third! - second!, fourth! - third!];
      for (const [n, wanted] of [3_000, 800, 800].entries()) {
        // far less than the server's own wait, on a machine that may stand still for a moment
        assertEquals(waits[n]! >= wanted * 0.95 && waits[n]! < wanted + 5_000, true, `${waits}`);
      }
    }
    const wanted = [...Array(8).fill(800), ...Array(4).fill(3_000)];
    assertEquals(asked.toSorted((a, b) => a - b), wanted);
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() runs what always fails as often as it may, and is idle between",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    let runs = 0;
    const retry = { attempts: 3, backoff: "50ms" } as const;
    broker.subscriber(consumer(orders, "work", { retry }), () => {
      runs++;
      throw new Error("poison");
    });
    await broker.start();
    await shop.storeAll(Array.from({ length: 20 }, (_, at) => `orders.${at}.placed`));
    assertEquals((await shop.letters("ORDERS_DEAD", 20)).length, 20);
    await shop.settled("ORDERS", "work");
    await delay(200);
    assertEquals(runs, 60);
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() without dead letters drops what it gives up, and says so",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const errors = errorsOf(broker);
    const retry = { attempts: 2, backoff: 1 } as const;
    broker.subscriber(consumer(orders, "work", { retry, deadLetter: false }), () => {
      throw new Error("poison");
    });
    await broker.start();
    await shop.store("orders.1.placed", 1);
    await until("it must be given up", () => errors.length === 3);
    await shop.settled("ORDERS", "work");
    assertEquals(
      errors[2],
      "Cannot handle ORDERS:1 as its handler must succeed within 2 attempts: poison",
    );
    assertEquals(broker.permissions().publish, [
      "$JS.ACK.ORDERS.work.>",
      "$JS.API.CONSUMER.CREATE.ORDERS.work.orders.*.*",
      "$JS.API.CONSUMER.INFO.ORDERS.work",
      "$JS.API.CONSUMER.MSG.NEXT.ORDERS.work",
      "$JS.API.STREAM.CREATE.ORDERS",
      "$JS.API.STREAM.INFO.ORDERS",
      "$JS.API.STREAM.INFO.ORDERS~work",
    ]);
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() makes a dead letter of what was delivered as often as it may without a word, and stores it once",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const work = consumer(orders, "work", { retry: { attempts: 2 }, ackWait: "200ms" });
    let runs = 0;
    const subscriber = broker.subscriber(work, () => void runs++);
    await broker.start();
    await subscriber.stop();
    const seq = await shop.store("orders.killer.placed", 1);
    // two processes that were killed while they had it
    for (let attempt = 1; attempt <= 2; attempt++) {
      assertEquals((await shop.pull("ORDERS", "work")).subject, "orders.killer.placed");
    }
    await subscriber.start();
    const letters = await shop.letters("ORDERS_DEAD", 1);
    await shop.settled("ORDERS", "work");
    const header = (name: string) => letters[0]!.headers.get(`Signalbox-Dead-${name}`);
    assertEquals([runs, header("Reason"), header("Attempts"), header("Seq")], [
      ...[0, "lost", "3", String(seq)],
    ]);
    assertEquals(letters.length, 1);
  },
  JETSTREAM,
);

const MUTE: User = {
  user: "mute",
  password: "p",
  permissions: { publish: { deny: ["$JS.ACK.ORDERS.>"] } },
};

onEveryServer(
  "consumer() does not handle again what it has handled, where the server did not confirm that",
  async (server) => {
    const shop = await Workshop.at(server, { auth: { user: "any", password: "p" } });
    const broker = server.broker({ as: MUTE });
    const errors = errorsOf(broker);
    const work = consumer(orders, "work", { confirm: true, ackWait: "200ms" });
    let runs = 0;
    const subscriber = broker.subscriber(work, () => void runs++);
    await broker.start();
    await shop.store("orders.7.placed", 1);
    await subscriber.received();
    await until(
      "it comes again",
      async () => (await shop.consumer("ORDERS", "work")).delivered.consumer_seq >= 4,
    );
    assertEquals(runs, 1);
    const told = /ORDERS:1 as the server must confirm it: it may be delivered again/;
    await until("it must be told", () => told.test(errors.join("\n")));
    // another process does not know of it
    const other = server.broker({ as: { user: "any", password: "p" } });
    const again = other.subscriber(work, () => {});
    await broker.stop();
    await other.start();
    await again.received();
    await shop.settled("ORDERS", "work");
    await other.stop();
  },
  { ...JETSTREAM, users: [MUTE, { user: "any", password: "p" }] },
);
