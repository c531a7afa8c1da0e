import {
  consumer,
  jetstream,
  NoScheduleError,
  NoStreamError,
  type ScheduledJob,
  workQueue,
} from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { apiOf } from "../support/jetstream/internals.ts";
import { mails, scheduleNames, startMails } from "../support/jetstream/mails.ts";
import { until } from "../support/nats_server/until.ts";

const NEEDS = { since: "2.14" };

onEveryJetStream(
  "js.schedule() stores a message once it is due, and handlers get the message but no schedule",
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
    assert(Math.abs(soon.next.getTime() - before - 300) < 10_000);
    await sent.promise;
    // a server that stands still for a moment may fire both at once
    assertEquals(seen.toSorted(), [
      ["mails.ada", { pay: 7 }, { user: "ada" }, "us", undefined],
      ["mails.bob", "hi", { user: "bob" }, undefined, undefined],
    ]);
    assertEquals(await scheduleNames(js), []);
    assertEquals(await soon.cancel(), false);
  },
  NEEDS,
);

onEveryJetStream(
  "js.schedule() fires a repeating schedule until cancel(), and never after that",
  async (server) => {
    const { js, bodies, info } = await startMails(server);
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
    for (const job of jobs) assertEquals(await job.cancel(), true, "the answer must not change");
  },
  NEEDS,
);

onEveryJetStream(
  "js.schedule() refuses a schedule that its stream would lose or cannot take",
  async (server) => {
    const { js, broker } = await startMails(server);
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
  "js.schedule() gives its message the ttl of the options",
  async (server) => {
    const { js, info, bodies } = await startMails(server);
    await js.schedule("mails.a", { in: "100ms" }, "short", { ttl: "3s" });
    await bodies("mails.a", 1);
    await until("it must go", async () => (await info()).state.subjects?.["mails.a"] === undefined);
  },
  NEEDS,
);

onEveryJetStream(
  "js.deadLetters() replays a message that came from a schedule, and schedules nothing again",
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
  "js.schedule() stores its message even if the stream has lost the subject since",
  async (server) => {
    const { js, broker, info } = await startMails(server);
    const job: ScheduledJob = await js.schedule("mails.a", { in: "600ms" }, "late");
    const { config } = await info();
    const subjects = ["letters.>", "_SIGNALBOX.MAILS.>"];
    await apiOf(broker).call("STREAM.UPDATE.MAILS", { ...config, subjects });
    await until("it must fire", async () => (await info()).state.subjects?.["mails.a"] === 1);
    assertEquals(await job.cancel(), false);
  },
  NEEDS,
);
