import { NatsBroker } from "@signalbox/nats";
import { jetstream, stream, UnavailableError, type When } from "@signalbox/nats/jetstream";
import { TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { register } from "../../src/door/mod.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";

const mails = stream("MAILS", {
  subjects: ["mails.{user}"],
  allowMsgSchedules: true,
  allowAtomic: true,
  declare: "create",
});

/** Wrong times, and a part of the error for each. */
const WRONG: readonly (readonly [when: unknown, sentence: string])[] = [
  [
    undefined,
    "its time must be one of { in }, { at }, { every } and { cron, timeZone }: undefined",
  ],
  [{}, "{ every } and { cron, timeZone }: {}"],
  [{ delay: 5, a: 1 }, "{ every } and { cron, timeZone }: { delay, a }"],
  ["1h", 'its time must be one of { in }, { at }, { every } and { cron, timeZone }: "1h"'],
  [new Date(), "its time must be one of"],
  [{ in: "1h", every: "1h" }, "in and every"],
  [{ in: "1h", timeZone: "UTC" }, '{ in } must have no other field: "timeZone"'],
  [{ cron: "* * * * * *", zone: "UTC" }, '{ cron } must have no other field than timeZone: "zone"'],
  [{ in: 0 }, '"in" must be more than 0: 0'],
  [{ in: "0s" }, '"in" must be more than 0: "0s"'],
  [{ in: -5 }, '"in" must be more than 0: -5'],
  [{ in: "-1h" }, '"in" must be more than 0: "-1h"'],
  [{ in: "-" }, '"in" must be milliseconds, or text'],
  [{ in: null }, '"in" must be milliseconds, or text'],
  [{ in: "3 hours" }, '"in" must be milliseconds'],
  [{ in: NaN }, '"in" must be milliseconds'],
  [{ in: Infinity }, '"in" must be milliseconds'],
  [{ in: 1e15 }, "292 years"],
  [{ at: new Date(NaN) }, '"at" must be a Date before the year 10000: an invalid Date'],
  [{ at: "2030-01-01" }, '"at" must be a Date'],
  [{ at: 1_900_000_000_000 }, '"at" must be a Date'],
  [{ at: new Date(8.64e15) }, '"at" must be a Date before the year 10000'],
  [{ every: "500ms" }, '"every" must be whole seconds from 1 on, such as "90s": "500ms"'],
  [{ every: "1.5s" }, '"every" must be whole seconds'],
  [{ every: 1e15 }, "292 years"],
  [{ cron: 7 }, '"cron" must be text: 7'],
  [{ cron: "30 9 * * MON-FRI" }, 'six fields, the second first, as "0 30 9 * * MON-FRI"'],
  [{ cron: "" }, 'the second first, as "0 30 9 * * MON-FRI": "" has 0'],
  [{ cron: "0 60 * * * *" }, "the minute of a cron pattern must be *, or a list"],
  [{ cron: "0 0 24 * * *" }, "the hour of a cron pattern must be"],
  [{ cron: "0 0 0 0 * *" }, "the day of the month of a cron pattern must be"],
  [{ cron: "0 0 0 1 FOO *" }, 'from 1 to 12, or JAN to DEC: "FOO"'],
  [{ cron: "0 0 0 * * 7" }, 'from 0 to 6, or SUN to SAT: "7"'],
  [{ cron: "0 0 0 * * 5-1" }, "the day of the week of a cron pattern must be"],
  [{ cron: "*/0 * * * * *" }, "the second of a cron pattern must be"],
  [{ cron: "@often" }, "a named pattern must be one of @yearly"],
  [{ cron: "@every 1s" }, "a named pattern must be one of"],
  [{ cron: "* * * * * *", timeZone: "Mars/Base" }, '"timeZone" must be one of the IANA database'],
  [{ cron: "* * * * * *", timeZone: "europe/zurich" }, '"timeZone" must be one of the IANA'],
  [{ cron: "* * * * * *", timeZone: "Local" }, '"timeZone" must be one of the IANA database'],
  [{ cron: "* * * * * *", timeZone: "+01:00" }, '"timeZone" must be one of the IANA database'],
  [{ cron: "* * * * * *", timeZone: "" }, '"timeZone" must be one of the IANA database'],
];

Deno.test("js.schedule() explains why it refuses a time, even without a connection", async () => {
  const broker = new NatsBroker("nats://127.0.0.1:1", { logger: false });
  const js = jetstream(broker);
  for (const [when, sentence] of WRONG) {
    await assertRejects(() => js.schedule("mails.a", when as When), TypeError, sentence);
    const entry = ["mails.a", 1, { schedule: when ?? null }] as never;
    if (when !== undefined) await assertRejects(() => js.batch([entry]), TypeError, sentence);
  }
});

Deno.test("js.schedule() refuses wrong subjects, names, headers and options, even without a connection", async () => {
  const broker = new NatsBroker("nats://127.0.0.1:1", { logger: false });
  const js = jetstream(broker);
  const when = { in: "1h" } as const;
  // deno-lint-ignore no-explicit-any
  const refused = async (subject: string, options: any, sentence: string) => {
    const { message } = await assertRejects(() => js.schedule(subject, when, 1, options), Error);
    assert(message.includes(sentence), message);
  };
  await refused("mails.*", {}, "wildcard");
  await refused("", {}, "a token must not be empty");
  await refused("_SIGNALBOX.MAILS.schedule.x", {}, "this package's own");
  await refused("mails.a", { name: "" }, '"name" must be text of 1 to 1000 bytes');
  await refused("mails.a", { name: 7 }, '"name" must be text of 1 to 1000 bytes');
  await refused("mails.a", { name: "\ud800" }, '"name" must be text of 1 to 1000 bytes');
  await refused("mails.a", { name: "é".repeat(200) }, "a special character takes 3 to 12: 1200");
  await refused(
    "mails.a",
    { headers: { "Nats-Schedule": "@at x" } },
    'must not begin with "Nats-"',
  );
  await refused("mails.a", { headers: { "nats-ttl": "1" } }, 'must not begin with "Nats-"');
  await refused("mails.a", { replace: "yes" }, '"replace" must be true or false');
  await refused("mails.a", { ttl: "500ms" }, '"ttl" must be whole seconds');
  await refused("mails.a", { id: "x" }, "an option must be one of");
  await refused("mails.a", { stream: {} }, "stream");
  await refused("mails.a", { stream: "a.b" }, "name");
  await refused("mails.a", { timeout: 0 }, '"timeout" must be');
});

Deno.test("js.batch() refuses two schedules of one name, even without a connection", async () => {
  const js = jetstream(new NatsBroker("nats://127.0.0.1:1", { logger: false }));
  const entry = ["mails.a", 1, { schedule: { in: "1h" }, name: "one", replace: true }] as const;
  await assertRejects(
    () => js.batch([entry, entry]),
    TypeError,
    'each schedule must have a different name: "one"',
  );
});

Deno.test("js.schedule() copies a Date when it is called", async () => {
  const broker = new NatsBroker();
  const js = jetstream(broker, { streams: [mails] });
  await using _test = await TestBroker.start(broker);
  const at = new Date("2100-01-01T00:00:00Z");
  const making = [2101, 2102, 2103].map((year) => {
    at.setUTCFullYear(year);
    return js.schedule("mails.a", { at });
  });
  const years = (await Promise.all(making)).map(({ next }) => next.getUTCFullYear());
  assertEquals(years, [2101, 2102, 2103]);
  const when = { at };
  const storing = js.batch([["mails.a", 1, { schedule: when, name: "in a batch" }]]);
  when.at = new Date(NaN);
  await storing;
  assertEquals((await js.scheduled(mails, "in a batch"))?.next?.getUTCFullYear(), 2103);
});

Deno.test("js.schedule() says which version it needs if the server is too old, and sends nothing", async () => {
  const broker = new NatsBroker();
  const js = jetstream(broker, { streams: [mails] });
  await using test = await TestBroker.start(broker);
  const access = register(broker, { name: "test" });
  Object.defineProperty(access, "serverVersion", { value: () => "2.12.3" });
  const before = test.server.stats();
  const error = await assertRejects(() => js.schedule("mails.a", { in: "1h" }), UnavailableError);
  assertEquals(error.needs, "2.14");
  assertEquals(test.server.stats(), before);
  const entry = ["mails.a", 1, { schedule: { in: "1h" } }] as const;
  assertInstanceOf(await assertRejects(() => js.batch([entry])), UnavailableError);
});

Deno.test("js.schedule() and js.schedules() refuse bodies that do not encode or fit their schema", async () => {
  const broker = new NatsBroker("nats://127.0.0.1:4222", { logger: false });
  const js = jetstream(broker, { streams: [mails] });
  await using _test = await TestBroker.start(broker);
  const seen = recorded(broker);
  const circle: unknown[] = [];
  circle.push(circle);
  await assertRejects(() => js.schedule("mails.a", { in: "1h" }, circle), Error, "encode");
  await until("an error event must tell", () => Promise.resolve(errorsIn(seen).length === 1));
  const schema = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value: unknown) =>
        value === "ok" ? { value } : { issues: [{ message: "it must be ok" }] },
    },
  } as const;
  await assertRejects(
    () => js.schedule("mails.a", { in: "1h" }, "no", { schema }),
    Error,
    "must be ok",
  );
  const job = await js.schedule("mails.a", { in: "1h" }, "ok", { schema, name: "a" });
  await js.schedule("mails.a", { in: "1h" }, "no", { name: "b" });
  const list = js.schedules(mails, { schema });
  assertEquals((await list.next())?.body, "ok");
  await assertRejects(() => list.next(), Error, "must be ok");
  assertEquals(await list.next(), undefined);
  await assertRejects(() => js.scheduled(mails, "b", { schema }), Error, "must be ok");
  assertEquals((await js.scheduled(mails, "a", { schema }))?.body, "ok");
  await assertRejects(() => job.cancel({ timeout: "2m" }), TypeError, "less than 1m");
  // deno-lint-ignore no-explicit-any
  await assertRejects(() => job.cancel({ force: true } as any), TypeError, "an option must be");
  assertEquals(await job.cancel(), true, "the refused calls must not count");
});
