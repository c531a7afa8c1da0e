import { assertEquals, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import type { Kind, Params, Source } from "@signalbox/nats";
import { type Consumer, consumer, jetstream, priority, Reject } from "../../src/jetstream/mod.ts";
import { onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { jobs, many, normal, shopOf, urgent } from "../support/jetstream/priority_jobs.ts";
import { errorsOf } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

onEveryJetStream(
  "priority() retries, rejects and times out each message as its consumer says",
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
        // longer than the timeout of the other consumer
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

onEveryJetStream("priority() keeps no places for a paused consumer", async (server) => {
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

onEveryJetStream(
  "priority() gives back messages that it has not begun when it stops, and finishes the others",
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
    // the server may take a moment for acknowledgements
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
  "priority() needs no more permissions than its consumers, and describe() names them",
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

Deno.test("priority() refuses one consumer, the same one twice, a batch, a group, and other values", () => {
  const lists = consumer(jobs, "lists", { subject: "jobs.lists.{id}", batch: { max: 2 } });
  // @ts-expect-error there must be two
  assertThrows(() => priority(urgent), TypeError, "two or more");
  // @ts-expect-error there must be two
  assertThrows(() => priority(), TypeError, "two or more");
  assertThrows(() => priority(urgent, urgent), TypeError, 'each must be a different one: "urgent"');
  // another object for the same consumer of the server
  const again = consumer(jobs, "urgent", { subject: "jobs.urgent.{id}" });
  assertThrows(() => priority(urgent, again), TypeError, 'each must be a different one: "urgent"');
  // @ts-expect-error a list is not a message
  assertThrows(() => priority(urgent, lists), TypeError, '"lists" has it');
  const helped = consumer(jobs, "helped", { subject: "jobs.helped.{id}", group: { pinned: {} } });
  assertThrows(() => priority(urgent, helped), TypeError, '"helped" has it');
  // @ts-expect-error a stream is no consumer
  assertThrows(() => priority(urgent, jobs), TypeError, "must be a consumer");
  assertThrows(
    // @ts-expect-error a list is no consumer
    () => priority([urgent, normal]),
    TypeError,
    "each must be a consumer: a list, so spread it: priority(...list)",
  );
});

Deno.test("priority() takes a spread list, and checks its length when it is called", () => {
  const classes = ["urgent", "normal"] as const;
  const list = classes.map((each) => consumer(jobs, each, { subject: `jobs.${each}.{id}` }));
  const both = priority(...list);
  type Given = typeof both extends Source<infer K extends Kind> ? K : never;
  assertType<IsExact<Params<Given["pattern"]>["id"], string>>(true);
  assertEquals(both.name, "urgent > normal");
  const any: readonly Consumer[] = list;
  assertEquals(priority(...any).name, "urgent > normal");
  assertEquals(priority(urgent, ...any.slice(1)).name, "urgent > normal");
  assertThrows(() => priority(...any.slice(1)), TypeError, "there must be two or more: 1");
  const lists = ["a", "b"].map((each) => consumer(jobs, each, { batch: { max: 2 } }));
  // @ts-expect-error a list is not a message
  assertThrows(() => priority(...lists), TypeError, '"a" has it');
});

Deno.test("priority() gives its handler the params of all its subjects", () => {
  const both = priority(urgent, consumer(jobs, "other", { subject: "jobs.other.{number}" }));
  type Given = typeof both extends Source<infer K extends Kind> ? K : never;
  assertType<IsExact<Given["pattern"], "jobs.urgent.{id}" | "jobs.other.{number}">>(true);
  assertType<
    IsExact<Params<Given["pattern"]>, { readonly id: string } | { readonly number: string }>
  >(true);
});
