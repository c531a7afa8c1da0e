import { assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import type { Kind, Params, Source } from "@signalbox/nats";
import {
  consumer,
  jetstream,
  priority,
  Reject,
  stream,
  workQueue,
} from "../../src/jetstream/mod.ts";
import { onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const jobs = workQueue("JOBS", { subjects: ["jobs.{class}.{id}"], declare: "create" });
const urgent = consumer(jobs, "urgent", { subject: "jobs.urgent.{id}" });
const normal = consumer(jobs, "normal", { subject: "jobs.normal.{id}" });

/** Subjects of so many jobs. */
const many = (of: string, count: number) =>
  Array.from({ length: count }, (_, at) => `jobs.${of}.${at}`);

/** A shop in which the stream of jobs is there. */
async function shopOf(server: Parameters<typeof Workshop.at>[0]): Promise<Workshop> {
  const shop = await Workshop.at(server);
  await shop.api.call("STREAM.CREATE.JOBS", {
    name: "JOBS",
    subjects: ["jobs.*.*"],
    retention: "workqueue",
  });
  return shop;
}

onEveryJetStream(
  "priority() handles all of the higher consumer before those of the lower one that wait",
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
    `priority() gives what is urgent the next place that becomes free, of ${concurrency}`,
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
      // as many wait in the queue, and not here
      const info = await shop.consumer("JOBS", "normal");
      assertEquals([info.num_ack_pending, info.num_pending], [concurrency, concurrency]);
      await shop.store("jobs.urgent.1", 1);
      // the server tells its consumers of a message a moment after it has confirmed it
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
  "priority() takes in no more than there are places, of all consumers together",
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
        await shop.storeAll([...many(`urgent`, 10), ...many("normal", 10)]);
        await delay(20);
      }
    })();
    while (subscriber.counts.handled < 200) {
      const infos = await Promise.all(
        ["urgent", "normal"].map((name) => shop.consumer("JOBS", name)),
      );
      const pending = infos.reduce((sum, { num_ack_pending }) => sum + num_ack_pending, 0);
      // both are asked at once, and a message may move from one count to the other meanwhile
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

onEveryJetStream(
  "priority() retries, gives up and ends each message as its consumer says",
  async (server) => {
    const shop = await shopOf(server);
    const broker = server.broker();
    const errors = errorsOf(broker);
    const seen: string[] = [];
    const quick = consumer(jobs, "urgent", {
      subject: "jobs.urgent.{id}",
      retry: { attempts: 2, backoff: "20ms", jitter: 0 },
      timeout: "200ms",
    });
    const slow = consumer(jobs, "normal", { subject: "jobs.normal.{id}", retry: { attempts: 1 } });
    broker.subscriber(
      priority(quick, slow),
      { concurrency: 1 },
      async ({ params, delivery, signal }) => {
        seen.push(`${delivery.consumer} ${params.id} ${delivery.attempt}`);
        if (params.id === "rejected") throw new Reject("no");
        if (params.id === "fails") throw new Error("failed");
        if (params.id === "hangs") await new Promise((resolve) => signal.onabort = resolve);
        // beyond the timeout of the other one
        if (params.id === "long") await delay(400);
      },
    );
    await broker.start();
    await shop.store("jobs.normal.long", 1);
    await until("it must have begun", () => seen.length === 1);
    for (const id of ["fails", "hangs"]) await shop.store(`jobs.urgent.${id}`, 1);
    for (const id of ["fails", "rejected"]) await shop.store(`jobs.normal.${id}`, 1);
    const letters = await shop.letters("JOBS_DEAD", 4);
    await shop.settled("JOBS", "urgent");
    await shop.settled("JOBS", "normal");
    const given = letters.map(({ headers }) =>
      `${headers.get("Signalbox-Dead-Consumer")} ${headers.get("Signalbox-Dead-Reason")}`
    );
    assertEquals(given.sort(), [
      "normal failed",
      "normal rejected",
      "urgent failed",
      "urgent failed",
    ]);
    assertEquals([...seen].sort(), [
      "normal fails 1",
      "normal long 1",
      "normal rejected 1",
      "urgent fails 1",
      "urgent fails 2",
      "urgent hangs 1",
      "urgent hangs 2",
    ]);
    assertEquals(errors.some((text) => text.includes("200 ms have passed")), true);
  },
);

onEveryJetStream("priority() keeps no places for a consumer that is paused", async (server) => {
  const shop = await shopOf(server);
  const broker = server.broker();
  const js = jetstream(broker);
  const seen: string[] = [];
  broker.subscriber(priority(urgent, normal), { concurrency: 1 }, ({ subject }) => {
    seen.push(subject);
  });
  await broker.start();
  await js.pause(urgent, "1h");
  await shop.store("jobs.urgent.0", 1);
  await shop.storeAll(many("normal", 20));
  await until("the others must be handled", () => seen.length === 20);
  await js.resume(urgent);
  await until("it must go on", () => seen.at(-1) === "jobs.urgent.0");
}, { since: "2.11" });

onEveryJetStream("priority() handles what comes in at any time, from both", async (server) => {
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
  "priority() keeps the order of keys, and the places of those that wait",
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
  "priority() takes consumers of several streams, and three of them",
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
    // at rest, with fewer places than consumers
    for (const subject of ["c.3", "a.3", "b.3"]) await shop.store(subject, 1);
    await subscriber.received(9);
  },
);

onEveryJetStream(
  "priority() gives back what has not begun when it stops, and ends what has",
  async (server) => {
    const shop = await shopOf(server);
    const broker = server.broker();
    const held = Promise.withResolvers<void>();
    let begun = 0;
    const subscriber = broker.subscriber(priority(urgent, normal), { concurrency: 2 }, async () => {
      begun++;
      await held.promise;
    });
    await broker.start();
    await shop.storeAll([...many("normal", 6), ...many("urgent", 1)]);
    await until("both places must be taken", () => begun === 2);
    const stopped = subscriber.stop();
    held.resolve();
    await stopped;
    assertEquals(begun, 2);
    // a server looks at acknowledgements when it has the time
    await until("both must be done, and no others", async () => {
      return (await shop.stream("JOBS")).state.messages === 5;
    });
    for (const name of ["urgent", "normal"]) {
      await until("nothing must be held or asked for", async () => {
        const { num_ack_pending, num_waiting } = await shop.consumer("JOBS", name);
        return num_ack_pending === 0 && num_waiting === 0;
      });
    }
  },
);

onEveryJetStream(
  "priority() needs no more permissions than its consumers, and describes them",
  async (server) => {
    await shopOf(server);
    const broker = server.broker();
    broker.subscriber(priority(urgent, normal), () => {});
    const { publish } = broker.permissions();
    assertEquals(
      Array.isArray(publish) && publish.includes("$JS.API.CONSUMER.MSG.NEXT.JOBS.urgent"),
      true,
    );
    assertEquals(Array.isArray(publish) && publish.includes("$JS.ACK.JOBS.normal.>"), true);
    const text = JSON.stringify(broker.describe());
    assertEquals(text.includes('"urgent > normal"'), true);
  },
);

Deno.test("priority() refuses what has no order: one, one twice, a batch, what is no consumer", () => {
  const lists = consumer(jobs, "lists", { subject: "jobs.lists.{id}", batch: { max: 2 } });
  // @ts-expect-error there must be two
  assertThrows(() => priority(urgent), TypeError, "two or more");
  assertThrows(() => priority(urgent, urgent), TypeError, "once");
  // the same one of the server
  const again = consumer(jobs, "urgent", { subject: "jobs.urgent.{id}" });
  assertThrows(() => priority(urgent, again), TypeError, "once");
  // @ts-expect-error a list is not a message
  assertThrows(() => priority(urgent, lists), TypeError, '"lists" has it');
  const helped = consumer(jobs, "helped", { subject: "jobs.helped.{id}", group: { pinned: {} } });
  assertThrows(() => priority(urgent, helped), TypeError, '"helped" has it');
  // @ts-expect-error a stream is no consumer
  assertThrows(() => priority(urgent, jobs), TypeError, "must be a consumer");
});

Deno.test("priority() gives its handler messages of all its subjects", () => {
  const both = priority(urgent, consumer(jobs, "other", { subject: "jobs.other.{number}" }));
  type Given = typeof both extends Source<infer K extends Kind> ? K : never;
  assertType<IsExact<Given["pattern"], "jobs.urgent.{id}" | "jobs.other.{number}">>(true);
  assertType<
    IsExact<Params<Given["pattern"]>, { readonly id: string } | { readonly number: string }>
  >(true);
});
