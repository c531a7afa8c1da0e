import { NatsBroker } from "@signalbox/nats";
import { assertEquals } from "@std/assert";
import { priority } from "../../src/jetstream/mod.ts";
import { onEveryJetStream } from "../support/backends.ts";
import { normal, shopOf, urgent } from "../support/jetstream/priority_jobs.ts";
import { delay } from "../support/delay.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { Proxy } from "../support/proxy.ts";
import { until } from "../support/nats_server/until.ts";
import { runProgram } from "../support/program.ts";

const config = 'jetstream: { store_dir: "streams" }';
const reconnect = { minDelay: 20, maxDelay: 100 };
const brokerAt = (url: string) => new NatsBroker(url, { logger: false, reconnect });

Deno.test("priority() loses no message while its server is killed again and again", async () => {
  await using server = await NatsServer.start({ config });
  await using broker = brokerAt(server.url);
  await using writer = brokerAt(server.url);
  const shop = await Workshop.at({ broker: () => writer });
  const seen = new Set<string>();
  broker.subscriber(priority(urgent, normal), { concurrency: 3 }, ({ subject }) => {
    seen.add(subject);
  });
  await broker.start();
  for (let round = 0; round < 3; round++) {
    const subjects = Array.from(
      { length: 40 },
      (_, at) => `jobs.${at % 4 === 0 ? "urgent" : "normal"}.${round}-${at}`,
    );
    const stored = shop.storeAll(subjects);
    await until("some must be handled", () => seen.size > round * 40 + 5, { timeout: 20_000 });
    await server.kill();
    await server.restart();
    await stored;
    await until(`round ${round} must be handled`, () => seen.size === (round + 1) * 40, {
      timeout: 40_000,
    });
  }
  await shop.settled("JOBS", "urgent", 40_000);
  await shop.settled("JOBS", "normal", 40_000);
});

Deno.test("priority() leaves the jobs of a killed process to another one, urgent or not", async () => {
  await using server = await NatsServer.start({ config });
  await using writer = brokerAt(server.url);
  const shop = await shopOf({ broker: () => writer });
  const subjects = ["1", "2", "killer", "3"].flatMap((id) => [`normal.${id}`, `urgent.${id}`]);
  for (const subject of subjects) await shop.store(`jobs.${subject}`, 1);
  const program = new URL("../support/jetstream/priority_worker.ts", import.meta.url);
  const outputs: string[] = [];
  // each of the two killers ends one process
  for (let at = 0; at < 3; at++) {
    const { output } = await runProgram(["-A"], program, [server.url]);
    outputs.push(...output.trim().split("\n").filter((line) => line !== ""));
  }
  assertEquals([...new Set(outputs)].sort(), subjects.toSorted());
  await shop.settled("JOBS", "urgent");
  assertEquals((await shop.stream("JOBS")).state.messages, 0);
});

Deno.test("priority() keeps its order after its server was slow for a moment", async () => {
  await using server = await NatsServer.start({ config });
  await using proxy = await Proxy.start(server.port);
  await using broker = brokerAt(proxy.url);
  await using writer = brokerAt(server.url);
  const shop = await shopOf({ broker: () => writer });
  const order: string[] = [];
  const ends: (() => void)[] = [];
  broker.subscriber(priority(urgent, normal), { concurrency: 1 }, ({ subject }) => {
    order.push(subject);
    return new Promise<void>((resolve) => ends.push(resolve));
  });
  await broker.start();
  await shop.storeAll(["jobs.normal.1", "jobs.normal.2", "jobs.normal.3"]);
  await until("a job must run", () => order.length === 1);
  proxy.stall();
  ends[0]!();
  // longer than an answer of the consumer without messages may take
  await delay(400);
  proxy.resume();
  await until("the next one must run", () => order.length === 2);
  await shop.store("jobs.urgent.1", 1);
  await until("the consumer must know of it", async () => {
    return (await shop.consumer("JOBS", "urgent")).num_pending === 1;
  });
  ends[1]!();
  await until("one more must run", () => order.length === 3);
  assertEquals(order.at(-1), "jobs.urgent.1");
  ends[2]!();
  await until("the last one must run", () => order.length === 4);
  ends[3]!();
});

onEveryJetStream("priority() goes on after somebody deletes its consumers", async (server) => {
  const shop = await Workshop.at(server);
  const broker = server.broker({ reconnect });
  const errors = errorsOf(broker);
  const seen: string[] = [];
  broker.subscriber(priority(urgent, normal), ({ subject }) => void seen.push(subject));
  await broker.start();
  for (const name of ["urgent", "normal"]) {
    await until("it must be waited on", async () => {
      return (await shop.consumer("JOBS", name)).num_waiting === 1;
    });
    await shop.api.call(`CONSUMER.DELETE.JOBS.${name}`);
    await shop.store(`jobs.${name}.1`, 1);
    await until("it must be handled", () => seen.at(-1) === `jobs.${name}.1`, { timeout: 20_000 });
  }
  assertEquals(errors.filter((text) => text.includes("it was made again")).length, 2);
});

onEveryJetStream(
  "priority() shares the work of both consumers with another process",
  async (server) => {
    const shop = await Workshop.at(server);
    const counts = [0, 0];
    for (const at of [0, 1]) {
      const broker = server.broker();
      broker.subscriber(priority(urgent, normal), { concurrency: 2 }, async () => {
        counts[at]!++;
        await new Promise((resolve) => setTimeout(resolve, 2));
      });
      await broker.start();
    }
    await shop.storeAll(
      Array.from({ length: 200 }, (_, at) => `jobs.${at % 2 ? "urgent" : "normal"}.${at}`),
    );
    await until("all must be done", () => counts[0]! + counts[1]! >= 200, { timeout: 20_000 });
    await shop.settled("JOBS", "normal");
    assertEquals([counts[0]! + counts[1]!, counts.every((count) => count > 0)], [200, true]);
  },
);
