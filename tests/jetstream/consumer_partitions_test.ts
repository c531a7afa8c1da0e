import type { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  consumer,
  DifferenceError,
  jetstream,
  priority,
  stream,
  workQueue,
} from "../../src/jetstream/mod.ts";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}.{event}"], declare: "create" });
const NEEDS = { jetstream: true, since: "2.15" } as const;
const cut = (partitions: number) =>
  consumer(orders, "work", {
    subject: "orders.{id}.placed",
    key: "id",
    partitions,
    ackWait: "3s",
    retry: { attempts: 20, backoff: "10ms" },
  });

/** Workers that fail now and then, and the messages that they have seen. */
class Crew {
  readonly done = new Map<string, number[]>();
  readonly workers: string[] = [];
  atOnce = 0;
  readonly #busy = new Map<string, number>();

  async worker(broker: NatsBroker, name: string, failures = 0): Promise<void> {
    broker.subscriber(cut(4), async ({ params: { id }, body }) => {
      const busy = (this.#busy.get(id) ?? 0) + 1;
      this.#busy.set(id, busy);
      this.atOnce = Math.max(this.atOnce, busy);
      try {
        await delay(Math.random() * 4);
        if (Math.random() < failures) throw new Error("not now");
        this.done.set(id, [...this.done.get(id) ?? [], body as number]);
        this.workers.push(name);
      } finally {
        this.#busy.set(id, this.#busy.get(id)! - 1);
      }
    });
    await broker.start();
  }

  get count(): number {
    return this.workers.length;
  }
}

onEveryServer(
  "consumer() with partitions handles the messages of each key in order and one at a time, even if some fail",
  async (server) => {
    const crew = new Crew();
    const shop = await Workshop.at(server);
    const brokers = [1, 2, 3].map(() => server.broker());
    await Promise.all(brokers.map((broker, at) => crew.worker(broker, `w${at}`, 0.1)));
    for (let at = 0; at < 10; at++) {
      await shop.storeAll(Array.from({ length: 10 }, (_, key) => `orders.${key}.placed`), () => at);
    }
    await until("all must be done", () => crew.count === 100, { timeout: 60_000 });
    const inOrder = Array.from({ length: 10 }, (_, at) => at);
    for (const seen of crew.done.values()) assertEquals(seen, inOrder);
    assertEquals([crew.atOnce, crew.done.size], [1, 10]);
    assertEquals(new Set(crew.workers).size, 3);
    await until("what is handled must be gone", async () => {
      return (await shop.stream("ORDERS~work")).state.messages === 0;
    });
  },
  NEEDS,
);

onEveryServer(
  "consumer() with partitions names the first stream in deliveries, and replays dead letters to it",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const seen: unknown[] = [];
    const work = consumer(orders, "work", { key: "id", partitions: 3, retry: { attempts: 1 } });
    broker.subscriber(work, ({ subject, params, body, delivery }) => {
      const { id, stream, seq, consumer } = delivery;
      seen.push([subject, params, body, id, stream, seq, consumer]);
      if (seen.length === 1) throw new Error("not yet");
    });
    await broker.start();
    const js = jetstream(broker);
    await shop.store("orders.7.placed", { total: 1 });
    for await (const dead of js.deadLetters(orders, { follow: true })) {
      assertEquals([dead.subject, dead.seq, dead.consumer], ["orders.7.placed", 1, "work"]);
      await dead.replay();
      break;
    }
    await until("it must come again", () => seen.length === 2);
    const params = { id: "7", event: "placed" };
    const expected = ["orders.7.placed", params, { total: 1 }, "ORDERS:1", "ORDERS", 1, "work"];
    assertEquals(seen, [expected, expected]);
  },
  NEEDS,
);

onEveryServer(
  "lag(), pause() and resume() of a consumer with partitions act on all partitions",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const js = jetstream(broker);
    let runs = 0;
    broker.subscriber(cut(4), () => void runs++);
    await broker.start();
    await js.pause(cut(4), "1h");
    await shop.storeAll(Array.from({ length: 40 }, (_, key) => `orders.${key}.placed`));
    await until("all must wait", async () => (await js.lag(cut(4))).total === 40);
    assertEquals([runs, (await js.info(cut(4))).pending], [0, 40]);
    assertEquals(await js.resume(cut(4)), true);
    await until("all must be done", async () => (await js.lag(cut(4))).total === 0);
    assertEquals(runs, 40);
  },
  NEEDS,
);

onEveryServer(
  "consumer() with partitions refuses another number of them",
  async (server) => {
    const broker = server.broker();
    broker.subscriber(cut(4), () => {});
    await broker.start();
    const other = server.broker();
    other.subscriber(cut(5), () => {});
    const error = await assertRejects(() => other.start(), DifferenceError);
    assertEquals(error.differences[0]?.field, "partitions");
  },
  NEEDS,
);

onEveryServer(
  "consumer() with partitions hands over messages at once that a stopping worker has not begun",
  async (server) => {
    const crew = new Crew();
    const shop = await Workshop.at(server);
    const [one, other] = [server.broker(), server.broker()];
    const errors = errorsOf(other);
    await crew.worker(one, "one");
    await crew.worker(other, "other");
    const storing = shop.storeAll(
      Array.from({ length: 200 }, (_, at) => `orders.${at % 5}.placed`),
    );
    await until("some must be done", () => crew.count > 10);
    await one.stop();
    await storing;
    await until("all must be done", () => crew.count === 200, { timeout: 60_000 });
    assertEquals([crew.atOnce, errors], [1, []]);
  },
  NEEDS,
);

Deno.test("consumer() refuses partitions without a key of parameters, and options that contradict them", () => {
  const jobs = workQueue("JOBS", { subjects: ["jobs.{id}"] });
  const wrong = [
    { partitions: 2 },
    { partitions: 2, key: () => "a" },
    { partitions: 0, key: "id" },
    { partitions: 257, key: "id" },
    { partitions: 2, key: "id", group: { pinned: {} } },
    { partitions: 2, key: "id", maxAckPending: 5 },
    { partitions: 2, key: "id", ack: "before" },
    { partitions: 2, key: "id", from: "new" },
    { partitions: 2, key: "id", from: "last" },
    { partitions: 2, key: "id", from: "last-per-subject" },
    { partitions: 2, key: "id", ackWait: "500ms" },
  ];
  for (const options of wrong) {
    assertThrows(() => consumer(orders, "work", options as never), TypeError, "Cannot make the");
  }
  assertThrows(() => consumer(jobs, "work", { partitions: 2, key: "id" }), TypeError, "work queue");
  assertThrows(() => priority(cut(2), consumer(orders, "o")), TypeError, "partitions");
  assert(cut(2).partitions === 2);
});
