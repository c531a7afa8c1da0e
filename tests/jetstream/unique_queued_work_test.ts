import { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConflictError, consumer, jetstream, priority, Reject } from "../../src/jetstream/mod.ts";
import { onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { publisher, whileQueued } from "../support/jetstream/unique_jobs.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { runProgram } from "../support/program.ts";

const QUEUED = 'workQueue() with unique: "while-queued"';
const config = 'jetstream: { store_dir: "streams" }';

onEveryJetStream(
  `${QUEUED} retries, gives up and replays a job that has left its subject`,
  async (server) => {
    const js = await publisher(server, whileQueued);
    const broker = server.broker({ logger: false });
    const seen: string[] = [];
    const retry = { attempts: 3, backoff: "30ms", jitter: 0 } as const;
    broker.subscriber(consumer(whileQueued, "work", { retry }), ({ params, body, delivery }) => {
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
    await shop.emptied("JOBS");
    assertEquals(seen.filter((each) => each.endsWith("JOBS:1")), [
      "fails 1 JOBS:1",
      "fails 2 JOBS:1",
      "fails 3 JOBS:1",
    ]);
    for await (const dead of js.deadLetters(whileQueued)) assert(await dead.replay());
    await until("both must come again", () => seen.length >= 7);
  },
);

onEveryJetStream(`${QUEUED} keeps the order within each key`, async (server) => {
  const js = await publisher(server, whileQueued);
  const broker = server.broker();
  const seen: Record<string, number[]> = {};
  let running = 0;
  const most: Record<string, number> = {};
  const byKind = consumer(whileQueued, "work", { key: "kind" });
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

onEveryJetStream(
  `${QUEUED} gathers jobs into lists, and frees the subject of each`,
  async (server) => {
    const js = await publisher(server, whileQueued);
    const broker = server.broker();
    const lists: number[] = [];
    const held = Promise.withResolvers<void>();
    // as both places are held at first, both lists must be full
    const inLists = consumer(whileQueued, "work", { batch: { max: 10, within: "5s" } });
    broker.subscriber(inLists, { concurrency: 2 }, async (list) => {
      lists.push(list.length);
      await held.promise;
    });
    for (let at = 0; at < 20; at++) await js.publish(`jobs.mail.${at}`, at);
    await broker.start();
    const sum = () => lists.reduce((all, each) => all + each, 0);
    await until("all must run", () => sum() === 20);
    for (let at = 0; at < 20; at++) await js.publish(`jobs.mail.${at}`, at);
    held.resolve();
    await until("all must run again", () => sum() === 40, { timeout: 20_000 });
    assert(lists.length <= 8);
  },
);

onEveryJetStream(
  `${QUEUED} shares jobs among processes, and runs each once`,
  async (server) => {
    const js = await publisher(server, whileQueued);
    const seen: string[] = [];
    const brokers = [server.broker(), server.broker(), server.broker()];
    for (const broker of brokers) {
      broker.subscriber(consumer(whileQueued, "work"), { concurrency: 2 }, async ({ params }) => {
        seen.push(params.id);
        await delay(1);
      });
      await broker.start();
    }
    await Promise.all(Array.from({ length: 150 }, (_, at) => js.publish(`jobs.mail.${at}`, at)));
    const shop = Workshop.of(brokers[0]!);
    await shop.emptied("JOBS", 20_000);
    assertEquals([seen.length, new Set(seen).size], [150, 150]);
    assertEquals(await js.lag(consumer(whileQueued, "work")), {
      pending: 0,
      unsettled: 0,
      total: 0,
    });
  },
);

onEveryJetStream(
  `${QUEUED} works with priority(), which still runs the urgent jobs first`,
  async (server) => {
    const js = await publisher(server, whileQueued);
    const broker = server.broker();
    const seen: string[] = [];
    const both = priority(
      consumer(whileQueued, "urgent", { subject: "jobs.urgent.{id}" }),
      consumer(whileQueued, "normal", { subject: "jobs.normal.{id}" }),
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

Deno.test(`${QUEUED} runs the job of a killed worker again, and frees its subject meanwhile`, async () => {
  await using server = await NatsServer.start({ config });
  await using broker = new NatsBroker(server.url, { logger: false });
  const js = jetstream(broker, { streams: [whileQueued] });
  await broker.start();
  await js.publish("jobs.mail.7", "kill");
  const program = new URL("../support/jetstream/unique_worker.ts", import.meta.url);
  const killed = await runProgram(["-A"], program, [server.url, "while-queued"]);
  assertEquals(killed.output, "kill 1\n");
  await js.publish("jobs.mail.7", "next");
  await assertRejects(() => js.publish("jobs.mail.7", "third"), ConflictError);
  const { output } = await runProgram(["-A"], program, [server.url, "while-queued"]);
  // the server may have delivered it to the killed worker already
  const seen = output.trim().replace("next 2", "next 1").split("\n").sort();
  assertEquals(seen, ["kill 2", "next 1"]);
});

Deno.test(`${QUEUED} loses no job while its server is killed again and again`, async () => {
  await using server = await NatsServer.start({ config });
  const reconnect = { minDelay: 20, maxDelay: 100 };
  await using broker = new NatsBroker(server.url, { logger: false, reconnect });
  const js = jetstream(broker, { streams: [whileQueued] });
  const seen = new Map<string, number>();
  const work = consumer(whileQueued, "work", { ackWait: "1s" });
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
  await shop.emptied("JOBS", 30_000);
});
