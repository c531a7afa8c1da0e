import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ConflictError,
  consumer,
  DifferenceError,
  jetstream,
  workQueue,
} from "../../src/jetstream/mod.ts";
import { type Backend, onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { publisher, SUBJECTS, whileQueued } from "../support/jetstream/unique_jobs.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const QUEUED = 'workQueue() with unique: "while-queued"';

/** A worker whose handlers end when the test says so. */
function worker(server: Backend, options: { ack?: "before" } = {}, concurrency = 64) {
  const broker = server.broker();
  const seen: string[] = [];
  const ends: (() => void)[] = [];
  const work = consumer(whileQueued, "work", options);
  broker.subscriber(work, { concurrency }, ({ params, body, delivery }) => {
    seen.push(`${params.id} ${body} ${delivery.attempt}`);
    return new Promise<void>((resolve) => ends.push(resolve));
  });
  return { broker, seen, endAll: () => ends.splice(0).forEach((end) => end()) };
}

onEveryJetStream(
  `${QUEUED} stores the job of one of 64 publishers, and refuses the others`,
  async (server) => {
    const all = await Promise.all([0, 1, 2, 3].map(() => publisher(server, whileQueued)));
    const results = await Promise.allSettled(
      Array.from({ length: 64 }, (_, at) => all[at % 4]!.publish("jobs.mail.7", at)),
    );
    assertEquals(results.filter(({ status }) => status === "fulfilled").length, 1);
    for (const each of results) {
      if (each.status === "rejected") assert((each.reason as ConflictError).isTaken);
    }
  },
);

onEveryJetStream(
  `${QUEUED} frees the subject once a handler takes the job, and refuses a third job`,
  async (server) => {
    const js = await publisher(server, whileQueued);
    const { broker, seen, endAll } = worker(server, {}, 1);
    await broker.start();
    await js.publish("jobs.mail.7", "a");
    await until("the first must run", () => seen.length === 1);
    await js.publish("jobs.mail.7", "b");
    // the worker has no place for it
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
    await shop.emptied("JOBS");
    assertEquals(seen, ["7 a 1", "7 b 1", "7 d 1"]);
  },
);

onEveryJetStream(
  `${QUEUED} frees the subject by the acknowledgement if ack is "before"`,
  async (server) => {
    const js = await publisher(server, whileQueued);
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
  `${QUEUED} handles a job on its subject if the stream is full`,
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

onEveryJetStream(`${QUEUED} lists the subjects of its jobs in permissions()`, async (server) => {
  const broker = server.broker();
  broker.subscriber(consumer(whileQueued, "work"), () => {});
  const { publish } = broker.permissions();
  assert(Array.isArray(publish));
  assert(publish.includes("_SIGNALBOX.JOBS.*.work.*.*"));
  assert(publish.includes("$JS.API.CONSUMER.MSG.NEXT.JOBS.work~own"));
  await broker.start();
});

onEveryJetStream(
  `${QUEUED} differs from "until-done", and an update changes one to the other`,
  async (server) => {
    await publisher(server, whileQueued);
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

Deno.test(`${QUEUED} refuses options that contradict it, before it sends anything`, () => {
  const make = (options: object) => () =>
    workQueue("JOBS", { ...SUBJECTS, unique: "while-queued", ...options });
  assertThrows(make({ allowMsgSchedules: true }), TypeError, '"allowMsgSchedules" must go without');
  assertThrows(make({ subjects: [">"] }), TypeError, 'beside its subjects: ">"');
  assertThrows(make({ sources: [{ name: "A" }] }), TypeError, "it has messages of others");
  const left = workQueue("JOBS", { unique: "while-queued", declare: "leave" });
  assertThrows(() => consumer(left, "work"), TypeError, 'declare: "leave"');
  consumer(left, "work", { ack: "before" });
  const group = { pinned: {} };
  assertThrows(() => consumer(whileQueued, "work", { group }), TypeError, '"group"');
  // "replace" refuses no job, so that it goes with schedules
  workQueue("JOBS", { ...SUBJECTS, unique: "replace", allowMsgSchedules: true });
});
