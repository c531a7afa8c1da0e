import { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ConflictError,
  consumer,
  jetstream,
  Reject,
  Retry,
  workQueue,
} from "../../src/jetstream/mod.ts";
import { onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { publisher, SUBJECTS } from "../support/jetstream/unique_jobs.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { runProgram } from "../support/program.ts";

const untilDone = workQueue("JOBS", { ...SUBJECTS, unique: "until-done" });
const replacing = workQueue("JOBS", { ...SUBJECTS, unique: "replace" });

onEveryJetStream(
  'workQueue() with unique: "until-done" stores the job of one of 64 publishers, and refuses the others with facts',
  async (server) => {
    const all = await Promise.all([0, 1, 2, 3].map(() => publisher(server, untilDone)));
    for (const id of ["1", "2", "3", "4", "5"]) {
      const results = await Promise.allSettled(
        Array.from({ length: 64 }, (_, at) => all[at % 4]!.publish(`jobs.mail.${id}`, at)),
      );
      assertEquals(results.filter(({ status }) => status === "fulfilled").length, 1);
      const refused = results.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
      for (const error of refused) {
        assert(error instanceof ConflictError);
        assertEquals([error.isTaken, error.subject], [true, `jobs.mail.${id}`]);
      }
    }
    const shop = await Workshop.at(server);
    assertEquals((await shop.stream("JOBS")).state.messages, 5);
  },
);

onEveryJetStream(
  'workQueue() with unique: "until-done" refuses a job while another one waits, runs, or waits for its next attempt',
  async (server) => {
    const js = await publisher(server, untilDone);
    const broker = server.broker();
    const starts: number[] = [];
    let end = Promise.withResolvers<void>();
    const retry = { attempts: 3, backoff: "100ms", jitter: 0 } as const;
    const subscriber = broker.subscriber(
      consumer(untilDone, "work", { retry, confirm: true }),
      ({ delivery }) => {
        starts.push(delivery.attempt);
        return end.promise;
      },
    );
    const isRefused = () => assertRejects(() => js.publish("jobs.mail.7", 1), ConflictError);
    await js.publish("jobs.mail.7", 0);
    await isRefused();
    await broker.start();
    await until("it must run", () => starts.length === 1);
    await isRefused();
    const failed = end;
    end = Promise.withResolvers();
    failed.reject(new Retry({ after: "200ms" }));
    await until("it must have failed", () => subscriber.counts.handled === 1);
    await isRefused();
    await until("it must run again", () => starts.length === 2);
    await isRefused();
    end.resolve();
    await until("it must be done", () => subscriber.counts.handled === 2);
    assertEquals((await js.publish("jobs.mail.7", 2)).duplicate, false);
    await subscriber.received(3);
    assertEquals(starts, [1, 2, 1]);
  },
);

onEveryJetStream(
  'workQueue() with unique: "until-done" frees the subject once its job is a dead letter',
  async (server) => {
    const js = await publisher(server, untilDone);
    const broker = server.broker();
    broker.subscriber(consumer(untilDone, "work"), ({ body }) => {
      if (body === 1) throw new Reject("no");
    });
    await broker.start();
    const shop = Workshop.of(broker);
    await js.publish("jobs.mail.7", 1);
    await shop.letters("JOBS_DEAD", 1);
    await shop.settled("JOBS", "work");
    await js.publish("jobs.mail.7", 2);
    // a replayed job is in another stream, and excludes no other one
    for await (const dead of js.deadLetters(untilDone)) await dead.replay();
    await shop.settled("JOBS", "work");
  },
);

onEveryJetStream(
  'workQueue() with unique: "until-done" reports a repeated message id as a duplicate, and not as a conflict',
  async (server) => {
    const js = await publisher(server, untilDone);
    const first = await js.publish("jobs.mail.7", 1, { id: "seven" });
    const again = await js.publish("jobs.mail.7", 1, { id: "seven" });
    assertEquals([again.seq, again.duplicate], [first.seq, true]);
    await assertRejects(() => js.publish("jobs.mail.7", 1, { id: "other" }), ConflictError);
  },
);

onEveryJetStream(
  'workQueue() with unique: "replace" runs only the newest of the waiting jobs',
  async (server) => {
    const js = await publisher(server, replacing);
    for (const body of [1, 2, 3]) await js.publish("jobs.mail.7", body);
    await js.publish("jobs.mail.8", 1);
    const broker = server.broker();
    const seen: unknown[] = [];
    broker.subscriber(
      consumer(replacing, "work"),
      ({ params, body }) => void seen.push([params.id, body]),
    );
    await broker.start();
    await until("both must run", () => seen.length === 2);
    await Workshop.of(broker).settled("JOBS", "work");
    assertEquals(seen, [["7", 3], ["8", 1]]);
  },
);

onEveryJetStream(
  'workQueue() with unique: "replace" lets a running job end, and then runs the newest one',
  async (server) => {
    const js = await publisher(server, replacing);
    const broker = server.broker();
    const seen: string[] = [];
    const held = Promise.withResolvers<void>();
    broker.subscriber(consumer(replacing, "work"), async ({ body, signal }) => {
      seen.push(`begin ${body}`);
      if (body === 1) await held.promise;
      seen.push(`end ${body} ${signal.aborted}`);
    });
    await broker.start();
    await js.publish("jobs.mail.7", 1);
    await until("it must run", () => seen.length === 1);
    for (let body = 2; body <= 20; body++) {
      await js.publish("jobs.mail.7", body);
      // the jobs arrive one by one, and wait in this process
      if (body % 4 === 0) await delay(10);
    }
    await js.publish("jobs.mail.8", 8);
    await until("another subject does not wait", () => seen.includes("end 8 false"));
    held.resolve();
    await until("the newest must run", () => seen.at(-1) === "end 20 false");
    await Workshop.of(broker).settled("JOBS", "work");
    assertEquals(seen.filter((each) => !each.includes(" 8")), [
      "begin 1",
      "end 1 false",
      "begin 20",
      "end 20 false",
    ]);
    assertEquals((await Workshop.of(broker).stream("JOBS")).state.messages, 0);
  },
);

onEveryJetStream(
  'workQueue() with unique: "replace" does not retry a job that another one has replaced',
  async (server) => {
    const js = await publisher(server, replacing);
    const broker = server.broker();
    const seen: unknown[] = [];
    const retry = { attempts: 9, backoff: "1h" } as const;
    broker.subscriber(consumer(replacing, "work", { retry }), ({ body }) => {
      seen.push(body);
      if (body === 1) throw new Error("failed");
    });
    await broker.start();
    const shop = Workshop.of(broker);
    await js.publish("jobs.mail.7", 1);
    await until("it must have failed", async () => {
      return seen.length === 1 && (await shop.consumer("JOBS", "work")).num_waiting > 0;
    });
    await js.publish("jobs.mail.7", 2);
    await until("the next one must not wait for it", () => seen.length === 2);
    assertEquals(seen, [1, 2]);
    await shop.emptied("JOBS");
  },
);

onEveryJetStream(
  'workQueue() with unique: "replace" keeps the order within the key of the consumer',
  async (server) => {
    const js = await publisher(server, replacing);
    const broker = server.broker();
    const seen: string[] = [];
    const held = Promise.withResolvers<void>();
    broker.subscriber(consumer(replacing, "work", { key: "id" }), async ({ params, body }) => {
      seen.push(`${params.kind} ${body}`);
      if (params.id === "7") await held.promise;
    });
    await broker.start();
    await js.publish("jobs.mail.7", 1);
    await until("it must run", () => seen.length === 1);
    await js.publish("jobs.text.7", 2);
    await js.publish("jobs.mail.7", 3);
    await js.publish("jobs.text.7", 4);
    // once this one has come, all others have come, too
    await js.publish("jobs.mail.8", 5);
    await until("another key does not wait", () => seen.includes("mail 5"));
    held.resolve();
    await Workshop.of(broker).settled("JOBS", "work");
    assertEquals(seen, ["mail 1", "mail 5", "mail 3", "text 4"]);
  },
);

Deno.test('workQueue() with unique: "until-done" refuses a second job until another process has done that of a killed one', async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  await using broker = new NatsBroker(server.url, { logger: false });
  const js = jetstream(broker, { streams: [untilDone] });
  await broker.start();
  await js.publish("jobs.mail.7", "kill");
  const program = new URL("../support/jetstream/unique_worker.ts", import.meta.url);
  const killed = await runProgram(["-A"], program, [server.url, "until-done"]);
  assertEquals(killed.output, "kill 1\n");
  await assertRejects(() => js.publish("jobs.mail.7", "next"), ConflictError);
  const next = await runProgram(["-A"], program, [server.url, "until-done"]);
  assertEquals(next.output, "kill 2\n");
  await js.publish("jobs.mail.7", "next");
});

Deno.test("workQueue() refuses an unknown value of unique, and options that unique decides", () => {
  const make = (options: object) => () => workQueue("JOBS", { ...SUBJECTS, ...options });
  assertThrows(make({ unique: "always" }), TypeError, '"until-done"');
  for (const option of [{ maxMsgsPerSubject: 2 }, { discardNewPerSubject: false }]) {
    for (const unique of ["until-done", "replace"]) {
      assertThrows(make({ unique, ...option }), TypeError, 'must go without "unique"');
    }
  }
  assertThrows(make({ unique: "until-done", discard: "old" }), TypeError, '"discard" must go');
  assertEquals([untilDone.unique, workQueue("JOBS").unique], ["until-done", undefined]);
});
