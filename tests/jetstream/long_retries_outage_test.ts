import { NatsBroker } from "@signalbox/nats";
import { consumer, jetstream, Retry, stream, workQueue } from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertLess } from "@std/assert";
import { isSince, onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { SOON } from "../support/jetstream/long_retries.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";

const config = 'jetstream: { store_dir: "streams" }';
const DECLARED = { allowMsgSchedules: true, declare: "create" } as const;
const jobs = workQueue("JOBS", { subjects: ["jobs.{id}"], ...DECLARED });

const brokerAt = (url: string) =>
  new NatsBroker(url, { logger: false, reconnect: { minDelay: 20, maxDelay: 100 } });

/** Starts a process that works on the jobs until it is killed, and adds its output to `lines`. */
function startWorker(url: string, lines: string[]) {
  const program = new URL("../support/jetstream/retrying_worker.ts", import.meta.url).href;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--quiet", "-A", program, url],
    stdout: "piped",
    stderr: "null",
    env: { NO_COLOR: "1" },
  }).spawn();
  const read = (async () => {
    let text = "";
    for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
      const all = (text + piece).split("\n");
      text = all.pop()!;
      lines.push(...all);
    }
  })();
  const kill = async () => {
    child.kill("SIGKILL");
    await child.status;
    await read;
  };
  return { kill };
}

Deno.test("consumer() delivers the long retry of each job though four processes are killed in turn", async () => {
  await using server = await NatsServer.start({ config });
  if (!isSince(server.version, "2.12")) return;
  const broker = brokerAt(server.url);
  const js = jetstream(broker, { streams: [jobs] });
  await broker.start();
  const lines: string[] = [];
  const most = 200;
  const workers = [startWorker(server.url, lines), startWorker(server.url, lines)];
  let told = 0;
  let id = 0;
  for (let killed = 1; killed <= 4; killed++) {
    // new ones each time: all others may be done where this process stood still for a moment
    while (id < most / 4 * killed) await js.publish(`jobs.${id++}`);
    await until("they work", () => lines.length >= told + 30, { timeout: 30_000 });
    told = lines.length;
    await workers.shift()!.kill();
    workers.push(startWorker(server.url, lines));
  }
  await until("all are done", async () => {
    const { messages } = await js.info(jobs);
    return messages === 0;
  }, { timeout: 60_000 });
  for (const { kill } of workers) await kill();
  const attempts = new Map<string, number[]>();
  for (const line of lines) {
    const [id, attempt] = line.split(" ");
    attempts.set(id!, [...attempts.get(id!) ?? [], Number(attempt)]);
  }
  assertEquals(attempts.size, most);
  for (const [id, all] of attempts) assert(all.some((each) => each > 1), `job ${id}: ${all}`);
  // a process has at most eight jobs when it is killed; no others may run twice
  const twice = [...attempts.values()].filter((all) => new Set(all).size < all.length);
  assertLess(twice.length, 4 * 8 + 1);
  await broker.stop();
});

Deno.test("consumer() delivers a long retry once though the server restarts while it waits", async () => {
  await using server = await NatsServer.start({ config });
  if (!isSince(server.version, "2.12")) return;
  await using broker = brokerAt(server.url);
  const errors = errorsOf(broker);
  const attempts: string[] = [];
  const work = consumer(jobs, "work", { retry: { ...SOON, backoff: "4s" } });
  broker.subscriber(work, ({ params, delivery }) => {
    attempts.push(`${params.id} ${delivery.attempt}`);
    if (delivery.attempt === 1) throw new Retry();
  });
  const js = jetstream(broker);
  await broker.start();
  for (const id of ["due", "overdue"]) await js.publish(`jobs.${id}`);
  await until(
    "both wait",
    async () => (await js.lag(work)).unsettled === 2 && attempts.length === 2,
  );
  await server.kill();
  // longer than the wait of the retry
  await delay(4_500);
  await server.restart();
  await until("both have come again", () => attempts.length === 4, { timeout: 20_000 });
  await until("nothing is left", async () => (await js.info(jobs)).messages === 0);
  assertEquals(attempts.slice(2).sort(), ["due 2", "overdue 2"]);
  assertEquals(errors, []);
});

Deno.test("consumer() delivers a long retry even if the server is killed before it has stored that", async () => {
  await using server = await NatsServer.start({ config });
  if (!isSince(server.version, "2.12")) return;
  await using broker = brokerAt(server.url);
  const attempts: number[] = [];
  const killed = Promise.withResolvers<void>();
  const work = consumer(jobs, "work", { ackWait: "1s", retry: SOON });
  broker.subscriber(work, async ({ delivery }) => {
    attempts.push(delivery.attempt);
    if (delivery.attempt > 1) return;
    await server.kill();
    killed.resolve();
    throw new Retry();
  });
  const js = jetstream(broker);
  await broker.start();
  await js.publish("jobs.1");
  await killed.promise;
  await delay(300);
  await server.restart();
  await until("nothing is left", async () => (await js.info(jobs)).messages === 0, {
    timeout: 30_000,
  });
  assertEquals(attempts.at(-1)! > 1, true);
});

const orders = stream("ORDERS", { subjects: ["orders.{id}.{event}"], ...DECLARED });
const NEEDS = { since: "2.12" };
/** How long a retry waits before which something must be done, on a machine that may stand still for a moment. */
const LATER = "2500ms";

onEveryJetStream(
  "consumer() with a key holds that key until a long retry is settled, and goes on with others",
  async (server) => {
    const broker = server.broker();
    const seen: string[] = [];
    broker.subscriber(
      consumer(orders, "work", { key: "id", retry: { ...SOON, backoff: [LATER, "500ms"] } }),
      ({ params, delivery }) => {
        seen.push(`${params.id}.${params.event} ${delivery.attempt}`);
        if (params.event === "first" && delivery.attempt < 3) throw new Retry();
      },
    );
    await broker.start();
    const js = jetstream(broker);
    await js.publish("orders.a.first");
    for (const each of ["a.second", "b.second", "a.third"]) await js.publish(`orders.${each}`);
    await until("all are done", () => seen.length === 6);
    assertEquals(seen.filter((each) => each.startsWith("a")), [
      ...["a.first 1", "a.first 2", "a.first 3", "a.second 1", "a.third 1"],
    ]);
    assert(seen.indexOf("b.second 1") < seen.indexOf("a.first 2"), seen.join());
  },
  NEEDS,
);

onEveryJetStream("js.pause() also holds long retries", async (server) => {
  const broker = server.broker();
  const seen: number[] = [];
  const retry = { ...SOON, backoff: LATER } as const;
  const work = consumer(orders, "work", { retry, heartbeat: "300ms" });
  broker.subscriber(work, ({ delivery }) => {
    seen.push(delivery.attempt);
    if (delivery.attempt === 1) throw new Retry();
  });
  await broker.start();
  const js = jetstream(broker);
  await js.publish("orders.a.first");
  await until("it waits", async () => (await js.lag(work)).unsettled === 1 && seen.length === 1);
  await js.pause(work, "1h");
  const shop = Workshop.of(broker);
  await until(
    "it is due",
    async () => (await shop.consumer("ORDERS", "work~own")).num_pending === 1,
  );
  assertEquals((await js.info(work)).pending, 1);
  assertEquals(seen, [1]);
  await js.resume(work);
  await until("it comes", () => seen.length === 2);
}, { since: "2.12" });

onEveryJetStream(
  "consumer() makes its second consumer again after somebody deletes it, and delivers nothing twice",
  async (server) => {
    const broker = server.broker();
    const errors = errorsOf(broker);
    const seen: string[] = [];
    // a server that stands still for a moment must not be told as silent
    const work = consumer(orders, "work", { retry: SOON, heartbeat: "2s" });
    broker.subscriber(work, ({ params, delivery }) => {
      seen.push(`${params.id} ${delivery.attempt}`);
      if (delivery.attempt === 1) throw new Retry();
    });
    await broker.start();
    const js = jetstream(broker);
    await js.publish("orders.a.first");
    await until("the first is done", () => seen.length === 2);
    const shop = Workshop.of(broker);
    await shop.settled("ORDERS", "work~own");
    await until(
      "it is pulled from",
      async () => (await shop.consumer("ORDERS", "work~own")).num_waiting > 0,
    );
    await shop.api.call("CONSUMER.DELETE.ORDERS.work~own");
    await js.publish("orders.b.first");
    await until("the second is done", () => seen.length === 4);
    // nats-server can go on counting a message as pending that was removed while a consumer was made
    await until(
      "it is acknowledged",
      async () => (await shop.consumer("ORDERS", "work~own")).num_ack_pending === 0,
    );
    assertEquals(seen, ["a 1", "a 2", "b 1", "b 2"]);
    assertEquals(errors.length, 1, errors.join("\n"));
    assert(errors[0]!.includes('"work~own" of "ORDERS"'), errors[0]);
  },
  NEEDS,
);

onEveryJetStream(
  "consumer() stores the long retry of a handler that fails while its broker stops",
  async (server) => {
    const broker = server.broker();
    const errors = errorsOf(broker);
    const begun = Promise.withResolvers<void>();
    const fail = Promise.withResolvers<void>();
    const work = consumer(orders, "work", { retry: SOON });
    broker.subscriber(work, async () => {
      begun.resolve();
      await fail.promise;
      throw new Retry();
    });
    await broker.start();
    const js = jetstream(broker);
    await js.publish("orders.a.first");
    await begun.promise;
    const stopped = broker.stop();
    fail.resolve();
    await stopped;
    assertEquals(errors, []);
    const other = server.broker();
    const seen: number[] = [];
    other.subscriber(work, ({ delivery }) => void seen.push(delivery.attempt));
    await other.start();
    await until("it comes", () => seen.length === 1);
    assertEquals(seen, [2]);
  },
  NEEDS,
);

onEveryJetStream(
  "consumer() with a batch acknowledges the messages of a list that do not wait for a long retry",
  async (server) => {
    const broker = server.broker();
    const seen: string[] = [];
    const work = consumer(orders, "work", { retry: SOON, batch: { max: 3, within: "2s" } });
    broker.subscriber(work, (messages) => {
      for (const { params, delivery, retry } of messages) {
        seen.push(`${params.id} ${delivery.attempt}`);
        if (params.id === "b" && delivery.attempt === 1) retry();
      }
    });
    await broker.start();
    const js = jetstream(broker);
    for (const id of ["a", "b", "c"]) await js.publish(`orders.${id}.first`);
    await until("one comes again", () => seen.length === 4);
    assertEquals(seen, ["a 1", "b 1", "c 1", "b 2"]);
    await until("nothing is left", async () => (await js.lag(work)).total === 0);
  },
  NEEDS,
);
