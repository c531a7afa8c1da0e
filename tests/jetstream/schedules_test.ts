import {
  ConflictError,
  consumer,
  jetstream,
  NoScheduleError,
  NoStreamError,
  type ScheduledJob,
  stream,
  type When,
  workQueue,
} from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { type Backend, onEveryJetStream } from "../support/backends.ts";
import { apiOf, type StreamInfo } from "../support/jetstream/internals.ts";
import { until } from "../support/nats_server/until.ts";

const NEEDS = { since: "2.14" };
const mails = stream("MAILS", {
  subjects: ["mails.{user}"],
  allowMsgSchedules: true,
  allowMsgTtl: true,
  allowAtomic: true,
  declare: "create",
});

/** A broker whose stream takes schedules. */
async function started(server: Backend) {
  const broker = server.broker();
  const js = jetstream(broker, { streams: [mails] });
  await broker.start();
  const info = (name = "MAILS") =>
    apiOf(broker).call<StreamInfo>(`STREAM.INFO.${name}`, { subjects_filter: ">" });
  /** The bodies of a subject, once there are so many. */
  const bodies = async (subject: string, count: number) =>
    await until(`${count} of ${subject} must be there`, async () => {
      const found: unknown[] = [];
      for await (const { body } of js.read(mails, { subject, until: "now" })) found.push(body);
      return found.length >= count && found;
    });
  return { broker, js, info, bodies };
}

/** The names of what is scheduled. */
async function names(js: ReturnType<typeof jetstream>): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of js.schedules(mails)) found.push(name);
  return found;
}

onEveryJetStream(
  "js.schedule() has a message stored once it is due, and hands no schedule to a handler",
  async (server) => {
    const broker = server.broker();
    const js = jetstream(broker, { streams: [mails] });
    const seen: unknown[][] = [];
    const sent = Promise.withResolvers<void>();
    broker.subscriber(consumer(mails, "all"), ({ body, params, headers, subject }) => {
      seen.push([subject, body, params, headers.get("from"), headers.get("Nats-Schedule")]);
      if (seen.length === 2) sent.resolve();
    });
    await broker.start();
    const headers = { from: "us" };
    const before = Date.now();
    const soon = await js.schedule("mails.ada", { in: "300ms" }, { pay: 7 }, {
      headers,
      name: "a",
    });
    const at = new Date(Date.now() + 500);
    await js.schedule("mails.bob", { at }, "hi");
    assertEquals([soon.name, soon.subject, soon.stream], ["a", "mails.ada", "MAILS"]);
    assert(Math.abs(soon.next.getTime() - before - 300) < 2_000);
    await sent.promise;
    assertEquals(seen, [
      ["mails.ada", { pay: 7 }, { user: "ada" }, "us", undefined],
      ["mails.bob", "hi", { user: "bob" }, undefined, undefined],
    ]);
    assertEquals(await names(js), []);
    assertEquals(await soon.cancel(), false);
  },
  NEEDS,
);

onEveryJetStream(
  "js.schedule() fires again and again until it is cancelled, and never after that",
  async (server) => {
    const { js, bodies, info } = await started(server);
    const jobs = [
      await js.schedule("mails.every", { every: "1s" }, "e"),
      await js.schedule("mails.cron", { cron: "* * * * * *", timeZone: "Europe/Zurich" }, "c"),
    ];
    await bodies("mails.every", 2);
    await bodies("mails.cron", 2);
    for (const job of jobs) assertEquals(await job.cancel(), true);
    const { state } = await info();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assertEquals((await info()).state.subjects, state.subjects);
    for (const job of jobs) assertEquals(await job.cancel(), true, "it says the same again");
  },
  NEEDS,
);

onEveryJetStream(
  "js.schedule() has one schedule of a name, unless it is to replace that",
  async (server) => {
    const { js, bodies } = await started(server);
    const name = 'any text. *, > ünï 🙂/\\"%';
    const first = await js.schedule("mails.a", { in: "1h" }, 1, { name });
    assertEquals(first.name, name);
    await assertRejects(
      () => js.schedule("mails.a", { in: "1h" }, 2, { name }),
      ConflictError,
      'the name must be free, or "replace" must be true',
    );
    const second = await js.schedule("mails.b", { in: "1s" }, 3, { name, replace: true });
    assertEquals(await first.cancel(), false, "it was replaced, and the other one stays");
    assertEquals(await bodies("mails.b", 1), [3]);
    assertEquals(await second.cancel(), false);
    // the name is free again
    const third = await js.schedule("mails.a", { in: "1h" }, 4, { name });
    assertEquals(await third.cancel(), true);
    const fourth = await js.schedule("mails.a", { in: "1h" }, 5, { name });
    assertEquals(await third.cancel(), true);
    const found = await js.scheduled(mails, name);
    assertEquals(found?.body, 5);
    assertMatch(
      Deno.inspect(found),
      /^Message \{[^]*name: [^]*stream: "MAILS"[^]*when: [^]*next: /,
    );
    assertEquals(await fourth.cancel(), true);
    assertEquals(await js.scheduled(mails, name), undefined);
  },
  NEEDS,
);

onEveryJetStream(
  "js.schedule() lets one of several at once have a name, and each replace the others",
  async (server) => {
    const { js } = await started(server);
    const many = Array.from({ length: 8 }, (_, at) => at);
    const made = await Promise.allSettled(
      many.map((at) => js.schedule("mails.a", { in: "1h" }, at, { name: "one" })),
    );
    const won = made.filter((each) => each.status === "fulfilled");
    for (const each of made) {
      if (each.status === "rejected") assertInstanceOf(each.reason, ConflictError);
    }
    assertEquals(won.length, 1);
    const replaced = await Promise.all(
      many.map((at) => js.schedule("mails.a", { in: "1h" }, at, { name: "one", replace: true })),
    );
    assertEquals(await names(js), ["one"]);
    const cancelled = await Promise.all(replaced.map((job) => job.cancel()));
    assertEquals(cancelled.filter((isCancelled) => isCancelled).length, 1);
    assertEquals(await names(js), []);
  },
  NEEDS,
);

onEveryJetStream(
  "js.schedule() puts off what is about to fire, and loses nothing",
  async (server) => {
    const { js, bodies } = await started(server);
    const options = (at: number) => ({ name: `${at}`, replace: true, timeout: "20s" as const });
    const many = Array.from({ length: 40 }, (_, at) => at);
    const due = Date.now() + 700;
    await Promise.all(many.map((at) =>
      js.schedule(
        `mails.old${at}`,
        at % 2 ? { every: "1s" } : { at: new Date(due) },
        at,
        options(at),
      )
    ));
    await Promise.all(many.map(async (at) => {
      await new Promise((resolve) => setTimeout(resolve, due - Date.now() - 100 + at * 10));
      await js.schedule("mails.new", { in: "10ms" }, at, options(at));
    }));
    const found = await bodies("mails.new", many.length);
    assertEquals(found.toSorted((a, b) => Number(a) - Number(b)), many);
    assertEquals(await names(js), []);
  },
  NEEDS,
);

onEveryJetStream(
  "js.schedule() leaves what repeats as it is where it is replaced by the same",
  async (server) => {
    const { js, info } = await started(server);
    const headers = { from: "us" };
    const hourly = { every: "1h" } as const;
    const name = (when: When, body: unknown, more = {}) =>
      js.schedule("mails.a", when, body, { name: "a", replace: true, headers, ...more });
    const lastSeq = async () => (await info()).state.last_seq;
    const first = await name(hourly, { n: 1 });
    const seq = await lastSeq();
    const again = await name(hourly, { n: 1 });
    assertEquals([await lastSeq(), again.next], [seq, first.next]);
    for (const other of [() => name(hourly, { n: 2 }), () => name({ every: "2h" }, { n: 2 })]) {
      const before = await lastSeq();
      await other();
      assert(await lastSeq() > before);
    }
    const changed = await name({ cron: "@daily" }, { n: 2 }, { headers: { from: "them" } });
    const same = await name({ cron: "@daily" }, { n: 2 }, { headers: { from: "them" } });
    assertEquals([await again.cancel(), await same.cancel()], [false, true]);
    assertEquals([await changed.cancel(), await names(js)], [true, []]);
  },
  NEEDS,
);

onEveryJetStream(
  "js.schedules() lists what is scheduled, which another process can cancel",
  async (server) => {
    const { js } = await started(server);
    const at = new Date("2100-01-01T12:00:00.500Z");
    const cron = { cron: "0 30 9 * * MON-FRI", timeZone: "Europe/Zurich" };
    await js.schedule("mails.a", { at }, { n: 1 }, { name: "at", headers: { x: "1" } });
    await js.schedule("mails.b", { every: "90s" }, undefined, { name: "every" });
    await js.schedule("mails.c", cron, "c", { name: "cron" });
    const gone = await js.schedule("mails.d", { in: "1h" }, "d", { name: "gone" });
    assertEquals(await gone.cancel(), true);
    const other = server.broker();
    await other.start();
    const listed = [];
    for await (const each of jetstream(other).schedules(mails)) listed.push(each);
    assertEquals(
      listed.map(({ name, subject, body, when, params, headers, stream }) => [
        ...[name, subject, body, when, params.user, headers.get("x"), stream],
        headers.get("Nats-Schedule"),
      ]),
      [
        ["at", "mails.a", { n: 1 }, { at }, "a", "1", "MAILS", undefined],
        ["every", "mails.b", undefined, { every: 90_000 }, "b", undefined, "MAILS", undefined],
        ["cron", "mails.c", "c", cron, "c", undefined, "MAILS", undefined],
      ],
    );
    const [once, every, daily] = listed;
    assertEquals(once?.next, at);
    const wait = every!.next!.getTime() - Date.now();
    assert(wait > 60_000 && wait <= 92_000, `${wait} ms`);
    const inZurich = { timeZone: cron.timeZone, hour: "2-digit", minute: "2-digit" } as const;
    assertEquals(daily!.next!.toLocaleTimeString("de-CH", inZurich), "09:30");
    assertEquals(await once!.cancel(), true);
    assertEquals(await daily!.cancel(), true);
    assertEquals(await names(js), ["every"]);
    const found = await jetstream(other).scheduled("MAILS", "every");
    assertEquals([found?.name, await found?.cancel()], ["every", true]);
  },
  NEEDS,
);

onEveryJetStream("js.batch() stores schedules with the rest, all or none", async (server) => {
  const { js, info, bodies } = await started(server);
  const schedule = { in: "1h" } as const;
  await js.batch([
    ["mails.a", 1],
    ["mails.a", "remind", { schedule, name: "remind" }],
    ["mails.b", "soon", { schedule: { in: "300ms" } }],
    ["mails.a", 2],
  ]);
  assertEquals(await bodies("mails.a", 2), [1, 2]);
  assertEquals(await bodies("mails.b", 1), ["soon"]);
  const before = await info();
  await assertRejects(
    () => js.batch([["mails.a", 3], ["mails.a", "x", { schedule, name: "remind" }]]),
    ConflictError,
    'each schedule must have a free name, or "replace"',
  );
  await assertRejects(
    () =>
      js.batch([
        ["mails.a", 3, { expect: { lastSeq: 999, of: "mails.a" } }],
        ["mails.a", "x", { schedule, name: "remind", replace: true }],
      ]),
    ConflictError,
    "what it expects must hold",
  );
  assertEquals((await info()).state.last_seq, before.state.last_seq);
  await js.batch([["mails.a", 3], ["mails.a", "y", { schedule, name: "remind", replace: true }]]);
  const job = await js.scheduled(mails, "remind");
  assertEquals([job?.body, await job?.cancel()], ["y", true]);
  await js.batch([["mails.a", "z", { schedule, name: "remind" }], ["mails.a", 4]]);
  assertEquals((await js.scheduled(mails, "remind"))?.body, "z");
}, NEEDS);

onEveryJetStream(
  "js.schedule() refuses what its stream would lose, or could not take",
  async (server) => {
    const { js, broker } = await started(server);
    const api = apiOf(broker);
    const own = (name: string) => [`${name.toLowerCase()}.>`, `_SIGNALBOX.${name}.>`];
    const make = (name: string, config: object = {}) =>
      api.call(`STREAM.CREATE.${name}`, {
        ...{ name, subjects: own(name), allow_msg_schedules: true, storage: "memory" },
        ...config,
      });
    await make("OLD", { max_age: 3_600e9 });
    await make("INTEREST", { retention: "interest" });
    await make("NONE", { allow_msg_schedules: false });
    await make("BARE", { subjects: ["bare.>"] });
    const refusals = [
      ["old.1", { in: "2h" }, " ms, maxAge 3600000 ms"],
      ["old.1", { every: "1s" }, "a repeating schedule must be in a stream without maxAge"],
      ["interest.1", { in: "1s" }, 'its retention is "interest"'],
      ["none.1", { in: "1s" }, "must have allowMsgSchedules"],
      ["bare.1", { in: "1s" }, "must take _SIGNALBOX.BARE.>"],
    ] as const;
    for (const [subject, when, sentence] of refusals) {
      await assertRejects(() => js.schedule(subject, when), NoScheduleError, sentence);
    }
    await assertRejects(
      () => js.schedule("mails.a.b", { in: "1s" }, 1, { stream: mails }),
      NoScheduleError,
      'the stream "MAILS" must take the subject',
    );
    await assertRejects(() => js.schedule("nobody.there", { in: "1s" }), NoStreamError);
    const past = new Date(Date.now() - 3_600_000);
    await assertRejects(
      () => js.schedule("mails.a", { at: past }),
      TypeError,
      "by the server's clock",
    );
    const never = { cron: "0 0 0 30 2 *" };
    await assertRejects(() => js.schedule("mails.a", never), TypeError, "within five years");
    const justOver = await js.schedule("mails.a", { at: new Date(Date.now() - 1_000) }, "late");
    await until(
      "it must fire at once",
      async () => await js.scheduled(mails, justOver.name) === undefined,
    );
    const soon = await js.schedule("old.1", { in: "1m" });
    assertEquals(await soon.cancel(), true);
  },
  NEEDS,
);

onEveryJetStream(
  "js.schedule() gives the message the time to live that is asked for",
  async (server) => {
    const { js, info, bodies } = await started(server);
    await js.schedule("mails.a", { in: "100ms" }, "short", { ttl: "1s" });
    await bodies("mails.a", 1);
    await until("it must go", async () => (await info()).state.subjects?.["mails.a"] === undefined);
  },
  NEEDS,
);

onEveryJetStream(
  "A message that was scheduled can die and be replayed, and is scheduled no more by that",
  async (server) => {
    const broker = server.broker();
    const jobs = workQueue("JOBS", {
      subjects: ["jobs.{id}"],
      allowMsgSchedules: true,
      declare: "create",
    });
    const js = jetstream(broker, { streams: [jobs] });
    const runs: (string | undefined)[] = [];
    const work = consumer(jobs, "work", { retry: { attempts: 1 } });
    broker.subscriber(work, ({ params }) => {
      runs.push(params.id);
      if (runs.length === 1) throw new Error("not yet");
    });
    await broker.start();
    await js.schedule("jobs.7", { in: "100ms" }, "body");
    const dead = await js.deadLetters(jobs, { follow: true }).next({ timeout: "20s" });
    assertEquals([dead?.subject, dead?.headers.get("Nats-Scheduler")], ["jobs.7", undefined]);
    assertEquals(await dead?.replay(), true);
    await until("it must run again", () => Promise.resolve(runs.length === 2));
    const { lag } = { lag: await js.lag(work) };
    assertEquals(lag.pending, 0);
  },
  NEEDS,
);

onEveryJetStream(
  "What is scheduled for a subject that its stream has lost is stored there all the same",
  async (server) => {
    const { js, broker, info } = await started(server);
    const job: ScheduledJob = await js.schedule("mails.a", { in: "600ms" }, "late");
    const { config } = await info();
    const subjects = ["letters.>", "_SIGNALBOX.MAILS.>"];
    await apiOf(broker).call("STREAM.UPDATE.MAILS", { ...config, subjects });
    await until("it must fire", async () => (await info()).state.subjects?.["mails.a"] === 1);
    assertEquals(await job.cancel(), false);
  },
  NEEDS,
);
