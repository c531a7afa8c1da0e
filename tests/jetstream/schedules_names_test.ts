import { ConflictError, jetstream, type When } from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { mails, scheduleNames, startMails } from "../support/jetstream/mails.ts";

const NEEDS = { since: "2.14" };

onEveryJetStream(
  "js.schedule() refuses a second schedule of a name, unless it has replace",
  async (server) => {
    const { js, bodies } = await startMails(server);
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
  "js.schedule() gives a name to one of several concurrent calls, and with replace to each in turn",
  async (server) => {
    const { js } = await startMails(server);
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
    assertEquals(await scheduleNames(js), ["one"]);
    const cancelled = await Promise.all(replaced.map((job) => job.cancel()));
    assertEquals(cancelled.filter((isCancelled) => isCancelled).length, 1);
    assertEquals(await scheduleNames(js), []);
  },
  NEEDS,
);

onEveryJetStream(
  "js.schedule() with replace postpones schedules that are about to fire, and loses none",
  async (server) => {
    const { js, bodies } = await startMails(server);
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
    assertEquals(await scheduleNames(js), []);
  },
  NEEDS,
);

onEveryJetStream(
  "js.schedule() with replace keeps a repeating schedule that is the same already",
  async (server) => {
    const { js, info } = await startMails(server);
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
    assertEquals([await changed.cancel(), await scheduleNames(js)], [true, []]);
  },
  NEEDS,
);

onEveryJetStream(
  "js.schedules() lists all schedules, and another process can cancel them",
  async (server) => {
    const { js } = await startMails(server);
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
    assertEquals(await scheduleNames(js), ["every"]);
    const found = await jetstream(other).scheduled("MAILS", "every");
    assertEquals([found?.name, await found?.cancel()], ["every", true]);
  },
  NEEDS,
);

onEveryJetStream(
  "js.batch() stores messages and schedules together, or nothing",
  async (server) => {
    const { js, info, bodies } = await startMails(server);
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
  },
  NEEDS,
);
