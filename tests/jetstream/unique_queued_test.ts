import { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ConflictError,
  consumer,
  DifferenceError,
  jetstream,
  priority,
  Reject,
  workQueue,
} from "../../src/jetstream/mod.ts";
import { type Backend, onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { runProgram } from "../support/program.ts";

const SUBJECTS = { subjects: ["jobs.{kind}.{id}"], declare: "create" } as const;
const queue = workQueue("JOBS", { ...SUBJECTS, unique: "while-queued" });
const QUEUED = 'workQueue() with unique: "while-queued"';
const config = 'jetstream: { store_dir: "streams" }';

async function publisher(server: Backend) {
  const broker = server.broker();
  const js = jetstream(broker, { streams: [queue] });
  await broker.start();
  return js;
}

/** A handler that ends when it is told to. */
function worker(server: Backend, options: Parameters<typeof consumer>[2] = {}, concurrency = 64) {
  const broker = server.broker();
  const seen: string[] = [];
  const ends: (() => void)[] = [];
  const work = consumer(queue, "work", options as { confirm?: boolean });
  const subscriber = broker.subscriber(work, { concurrency }, ({ params, body, delivery }) => {
    seen.push(`${params.id} ${body} ${delivery.attempt}`);
    return new Promise<void>((resolve) => ends.push(resolve));
  });
  return {
    broker,
    seen,
    ends,
    subscriber,
    work,
    endAll: () => ends.splice(0).forEach((end) => end()),
  };
}

onEveryJetStream(`${QUEUED} stores one job of 64 publishers while it waits`, async (server) => {
  const all = await Promise.all([0, 1, 2, 3].map(() => publisher(server)));
  const results = await Promise.allSettled(
    Array.from({ length: 64 }, (_, at) => all[at % 4]!.publish("jobs.mail.7", at)),
  );
  assertEquals(results.filter(({ status }) => status === "fulfilled").length, 1);
  for (const each of results) {
    if (each.status === "rejected") assert((each.reason as ConflictError).isTaken);
  }
});

onEveryJetStream(
  `${QUEUED} has the subject free once a handler takes its job, and refuses a third`,
  async (server) => {
    const js = await publisher(server);
    const { broker, seen, endAll } = worker(server, {}, 1);
    await broker.start();
    await js.publish("jobs.mail.7", "a");
    await until("the first must run", () => seen.length === 1);
    await js.publish("jobs.mail.7", "b");
    // there is no place for it
    await delay(200);
    const error = await assertRejects(() => js.publish("jobs.mail.7", "c"), ConflictError);
    assertEquals(error.subject, "jobs.mail.7");
    assertEquals(seen, ["7 a 1"]);
    endAll();
    await until("the second must run", () => seen.length === 2);
    await js.publish("jobs.mail.7", "d");
    endAll();
    await until("the last must run", () => seen.length === 3);
    endAll();
    const shop = Workshop.of(broker);
    await until("all must be gone", async () => (await shop.stream("JOBS")).state.messages === 0);
    assertEquals(seen, ["7 a 1", "7 b 1", "7 d 1"]);
  },
);

onEveryJetStream(
  `${QUEUED} tries a job again, makes it a dead letter, and gives it back, off its subject`,
  async (server) => {
    const js = await publisher(server);
    const broker = server.broker({ logger: false });
    const seen: string[] = [];
    const retry = { attempts: 3, backoff: "30ms", jitter: 0 } as const;
    broker.subscriber(consumer(queue, "work", { retry }), ({ params, body, delivery }) => {
      seen.push(`${params.id} ${delivery.attempt} ${delivery.id}`);
      if (params.id === "fails" && body === "bad") throw new Error("failed");
      if (params.id === "rejects") throw new Reject("no");
    });
    const shop = await Workshop.at(server);
    await broker.start();
    await js.publish("jobs.mail.fails", "bad");
    await until("it must have failed once", () => seen.length >= 1);
    await js.publish("jobs.mail.fails", "good");
    await js.publish("jobs.mail.rejects", 1);
    const letters = await shop.letters("JOBS_DEAD", 2);
    assertEquals(
      letters.map(({ headers }) => headers.get("Signalbox-Dead-Subject")).sort(),
      ["jobs.mail.fails", "jobs.mail.rejects"],
    );
    await until(
      "nothing must be left",
      async () => (await shop.stream("JOBS")).state.messages === 0,
    );
    assertEquals(seen.filter((each) => each.endsWith("JOBS:1")), [
      "fails 1 JOBS:1",
      "fails 2 JOBS:1",
      "fails 3 JOBS:1",
    ]);
    for await (const dead of js.deadLetters(queue)) assert(await dead.replay());
    await until("both must come again", () => seen.length >= 7);
  },
);

onEveryJetStream(`${QUEUED} keeps the order of keys`, async (server) => {
  const js = await publisher(server);
  const broker = server.broker();
  const seen: Record<string, number[]> = {};
  let running = 0;
  const most: Record<string, number> = {};
  const byKind = consumer(queue, "work", { key: "kind" });
  const subscriber = broker.subscriber(
    byKind,
    { concurrency: 8 },
    async ({ params: { kind }, body }) => {
      most[kind] = Math.max(most[kind] ?? 0, ++running);
      (seen[kind] ??= []).push(body as number);
      await delay(1);
      running--;
    },
  );
  for (let at = 0; at < 60; at++) await js.publish(`jobs.${at % 3}.${at}`, at);
  await broker.start();
  await subscriber.received(60, { timeout: 20_000 });
  for (const each of Object.values(seen)) assertEquals(each, each.toSorted((a, b) => a - b));
  assertEquals(Object.values(seen).flat().length, 60);
});

onEveryJetStream(`${QUEUED} gathers lists, each job of them off its subject`, async (server) => {
  const js = await publisher(server);
  const broker = server.broker();
  const lists: number[] = [];
  const held = Promise.withResolvers<void>();
  const inLists = consumer(queue, "work", { batch: { max: 10, within: "200ms" } });
  broker.subscriber(inLists, { concurrency: 2 }, async (list) => {
    lists.push(list.length);
    await held.promise;
  });
  for (let at = 0; at < 15; at++) await js.publish(`jobs.mail.${at}`, at);
  await broker.start();
  const sum = () => lists.reduce((all, each) => all + each, 0);
  await until("all must run", () => sum() === 15);
  for (let at = 0; at < 15; at++) await js.publish(`jobs.mail.${at}`, at);
  held.resolve();
  await until("all must run again", () => sum() === 30, { timeout: 20_000 });
  assert(lists.length <= 8);
});

onEveryJetStream(
  `${QUEUED} shares its work with other processes, each job once`,
  async (server) => {
    const js = await publisher(server);
    const seen: string[] = [];
    const brokers = [server.broker(), server.broker(), server.broker()];
    for (const broker of brokers) {
      broker.subscriber(consumer(queue, "work"), { concurrency: 2 }, async ({ params }) => {
        seen.push(params.id);
        await delay(1);
      });
      await broker.start();
    }
    await Promise.all(Array.from({ length: 150 }, (_, at) => js.publish(`jobs.mail.${at}`, at)));
    const shop = Workshop.of(brokers[0]!);
    await until(
      "nothing must be left",
      async () => (await shop.stream("JOBS")).state.messages === 0,
      {
        timeout: 20_000,
      },
    );
    assertEquals([seen.length, new Set(seen).size], [150, 150]);
    assertEquals(await js.lag(consumer(queue, "work")), { pending: 0, unsettled: 0, total: 0 });
  },
);

onEveryJetStream(
  `${QUEUED} goes with priority(), and runs what has left its subject first`,
  async (server) => {
    const js = await publisher(server);
    const broker = server.broker();
    const seen: string[] = [];
    const both = priority(
      consumer(queue, "urgent", { subject: "jobs.urgent.{id}" }),
      consumer(queue, "normal", { subject: "jobs.normal.{id}" }),
    );
    for (let at = 0; at < 10; at++) {
      await js.publish(`jobs.normal.${at}`, at);
      await js.publish(`jobs.urgent.${at}`, at);
    }
    const subscriber = broker.subscriber(both, { concurrency: 1 }, ({ delivery }) => {
      seen.push(delivery.consumer);
    });
    await broker.start();
    await subscriber.received(20, { timeout: 20_000 });
    assertEquals(seen, [...Array(10).fill("urgent"), ...Array(10).fill("normal")]);
  },
);

onEveryJetStream(
  `${QUEUED} leaves its subject by the acknowledgement where that comes before`,
  async (server) => {
    const js = await publisher(server);
    const { broker, seen, endAll } = worker(server, { ack: "before" });
    await broker.start();
    await js.publish("jobs.mail.7", "a");
    await until("it must run", () => seen.length === 1);
    await js.publish("jobs.mail.7", "b");
    await until("both must run", () => seen.length === 2);
    endAll();
  },
);

onEveryJetStream(
  `${QUEUED} has the handler get a job under its subject where the stream is full`,
  async (server) => {
    const full = workQueue("JOBS", { ...SUBJECTS, unique: "while-queued", maxMsgs: 3 });
    const broker = server.broker();
    const js = jetstream(broker, { streams: [full] });
    const errors = errorsOf(broker);
    const seen: string[] = [];
    const { promise: held, resolve } = Promise.withResolvers<void>();
    await broker.start();
    for (const id of ["1", "2", "3"]) await js.publish(`jobs.mail.${id}`, 1);
    broker.subscriber(consumer(full, "work"), { concurrency: 1 }, async ({ params }) => {
      seen.push(params.id);
      if (seen.length === 1) await held;
    }).start();
    await until("the first must run", () => seen.length === 1);
    await assertRejects(() => js.publish("jobs.mail.1", 2), ConflictError);
    resolve();
    await until("all must run", () => seen.length === 3);
    assertEquals(errors.some((text) => text.includes("within the limits")), true);
  },
);

onEveryJetStream(`${QUEUED} needs no more than its permissions`, async (server) => {
  const broker = server.broker();
  broker.subscriber(consumer(queue, "work"), () => {});
  const { publish } = broker.permissions();
  assert(Array.isArray(publish));
  assert(publish.includes("_SIGNALBOX.JOBS.*.work.*.*"));
  assert(publish.includes("$JS.API.CONSUMER.MSG.NEXT.JOBS.work~own"));
  await broker.start();
});

onEveryJetStream(
  `${QUEUED} is another declaration than "until-done", and may be changed to it`,
  async (server) => {
    await publisher(server);
    const broker = server.broker();
    const other = workQueue("JOBS", { ...SUBJECTS, unique: "until-done" });
    jetstream(broker, { streams: [other] });
    await assertRejects(() => broker.start(), DifferenceError, "signalbox-unique");
    const changing = server.broker();
    jetstream(changing, {
      streams: [workQueue("JOBS", { ...SUBJECTS, unique: "until-done", declare: "update" })],
    });
    await changing.start();
    const back = server.broker();
    jetstream(back, {
      streams: [workQueue("JOBS", { ...SUBJECTS, unique: "while-queued", declare: "update" })],
    });
    await back.start();
    const { config: found } = await Workshop.of(back).stream("JOBS");
    assertEquals(found.subjects, ["jobs.*.*", "_SIGNALBOX.JOBS.>"]);
  },
);

Deno.test(`${QUEUED} runs each job of a worker that is killed once more, and frees its subject meanwhile`, async () => {
  await using server = await NatsServer.start({ config });
  await using broker = new NatsBroker(server.url, { logger: false });
  const js = jetstream(broker, { streams: [queue] });
  await broker.start();
  await js.publish("jobs.mail.7", "kill");
  const program = new URL("../support/jetstream/unique_worker.ts", import.meta.url);
  const killed = await runProgram(["-A"], program, [server.url, "while-queued"]);
  assertEquals(killed.output, "kill 1\n");
  await js.publish("jobs.mail.7", "next");
  await assertRejects(() => js.publish("jobs.mail.7", "third"), ConflictError);
  const { output } = await runProgram(["-A"], program, [server.url, "while-queued"]);
  // the server may have given it to the one that was killed, before it had noticed
  const seen = output.trim().replace("next 2", "next 1").split("\n").sort();
  assertEquals(seen, ["kill 2", "next 1"]);
});

Deno.test(`${QUEUED} loses no job where its server is killed again and again`, async () => {
  await using server = await NatsServer.start({ config });
  const reconnect = { minDelay: 20, maxDelay: 100 };
  await using broker = new NatsBroker(server.url, { logger: false, reconnect });
  const js = jetstream(broker, { streams: [queue] });
  const seen = new Map<string, number>();
  const work = consumer(queue, "work", { ackWait: "1s" });
  broker.subscriber(work, { concurrency: 4 }, ({ params: { id } }) => {
    seen.set(id, (seen.get(id) ?? 0) + 1);
  });
  await broker.start();
  for (let round = 0; round < 3; round++) {
    const stored = Promise.all(
      Array.from(
        { length: 40 },
        (_, at) => js.publish(`jobs.mail.${round}-${at}`, at, { timeout: "30s" }),
      ),
    );
    await until("some must run", () => seen.size > round * 40 + 4, { timeout: 20_000 });
    await server.kill();
    await server.restart();
    await stored;
    await until("all must run", () => seen.size === (round + 1) * 40, { timeout: 30_000 });
  }
  const shop = Workshop.of(broker);
  await until(
    "nothing must be left",
    async () => (await shop.stream("JOBS")).state.messages === 0,
    {
      timeout: 30_000,
    },
  );
});

Deno.test(`${QUEUED} refuses what it cannot go with, before anything is sent`, () => {
  const make = (options: object) => () =>
    workQueue("JOBS", { ...SUBJECTS, unique: "while-queued", ...options });
  assertThrows(make({ allowMsgSchedules: true }), TypeError, '"allowMsgSchedules" must go without');
  assertThrows(make({ subjects: [">"] }), TypeError, "beside those of the program");
  assertThrows(make({ sources: [{ name: "A" }] }), TypeError, "it has messages of others");
  const left = workQueue("JOBS", { unique: "while-queued", declare: "leave" });
  assertThrows(() => consumer(left, "work"), TypeError, 'declare: "leave"');
  consumer(left, "work", { ack: "before" });
  const group = { pinned: {} };
  assertThrows(() => consumer(queue, "work", { group }), TypeError, '"group"');
  // a newest job is no refusal, so that schedules go with it
  workQueue("JOBS", { ...SUBJECTS, unique: "replace", allowMsgSchedules: true });
});
