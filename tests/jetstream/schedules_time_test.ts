import { NatsBroker } from "@signalbox/nats";
import { jetstream, stream } from "@signalbox/nats/jetstream";
import { TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals } from "@std/assert";
import { onNatsServer } from "../support/backends.ts";

const mails = stream("MAILS", {
  subjects: ["mails.{user}"],
  allowMsgSchedules: true,
  declare: "create",
});
const ZONE = "Europe/Zurich";
const DAY = 86_400_000;

/** The hours and minutes on the clocks of the zone. */
function clockTime(time: Date): string {
  return time.toLocaleTimeString("de-CH", { timeZone: ZONE, hour: "2-digit", minute: "2-digit" });
}

/** How many hours the clocks of the zone are ahead of UTC at a time. */
function offset(time: number): number {
  const shown = new Date(time).toLocaleString("sv-SE", { timeZone: ZONE });
  return Math.round((Date.parse(`${shown.replace(" ", "T")}Z`) - time) / 3_600_000);
}

Deno.test("js.schedule() follows the clocks of a time zone for a year, with both of their changes", async () => {
  const broker = new NatsBroker();
  const js = jetstream(broker, { streams: [mails] });
  await using test = await TestBroker.start(broker, { time: "moved" });
  const early = await js.schedule("mails.early", { cron: "0 30 2 * * *", timeZone: ZONE });
  await js.schedule("mails.noon", { cron: "0 0 12 * * *", timeZone: ZONE });
  await js.schedule("mails.utc", { cron: "@daily" });
  const { next } = early;
  // the server fires them by itself, and a year has millions of heartbeats
  await broker.stop();
  await test.advance("365d");
  await broker.start();
  const times: Record<string, Date[]> = {};
  for await (const { params, delivery } of js.read(mails, { until: "now" })) {
    (times[params.user] ??= []).push(delivery.time);
  }
  assertEquals(times.early![0]!.getTime(), next.getTime());
  for (const time of times.noon!) assertEquals(clockTime(time), "12:00");
  assertEquals([times.noon!.length, times.utc!.length], [365, 365]);
  // one day of the year has no half past two, and another has two
  for (const time of times.early!) assertEquals(clockTime(time), "02:30");
  const days = times.early!.map((time) => time.toLocaleDateString("sv-SE", { timeZone: ZONE }));
  assertEquals(days.length, 365);
  assertEquals(new Set(days).size, 364);
  const twice = days.find((day, at) => days.indexOf(day) !== at)!;
  const noon = Date.parse(`${twice}T12:00:00Z`);
  assertEquals([offset(noon - DAY), offset(noon)], [2, 1]);
});

Deno.test("js.schedule() fires all schedules that are due in a moved time, repeating ones each time", async () => {
  const broker = new NatsBroker();
  const js = jetstream(broker, { streams: [mails] });
  await using test = await TestBroker.start(broker, { time: "moved" });
  const count = async (subject: string) => {
    let found = 0;
    for await (const _ of js.read(mails, { subject, until: "now" })) found++;
    return found;
  };
  const every = await js.schedule("mails.every", { every: "10s" });
  const once = await js.schedule("mails.once", { in: "1h" }, 1, { name: "once" });
  await test.advance("59m");
  const first = await count("mails.every");
  // the server begins to count at a whole second
  assert(first === 353 || first === 354, `${first}`);
  assertEquals(await count("mails.once"), 0);
  const later = await js.schedule("mails.once", { in: "1h" }, 2, { name: "once", replace: true });
  await test.advance("59m");
  assertEquals([await count("mails.once"), await once.cancel()], [0, false]);
  // cancel() gets its answer even while time stands still
  assertEquals([await every.cancel(), await later.cancel()], [true, true]);
  await test.advance("1d");
  assertEquals([await count("mails.every"), await count("mails.once")], [first + 354, 0]);
});

for (const ahead of [7_200_000, -7_200_000]) {
  Deno.test(`js.schedule() fires in time though the local date is ${ahead / 60_000} min wrong`, () =>
    onNatsServer(async (server) => {
      const broker = server.broker();
      const js = jetstream(broker, { streams: [mails] });
      await broker.start();
      const before = Date.now();
      const now = Date.now;
      Date.now = () => now() + ahead;
      let jobs;
      try {
        jobs = [
          await js.schedule("mails.soon", { in: "1s" }),
          await js.schedule("mails.at", { at: new Date(before + 1_500) }),
          await js.schedule("mails.late", { in: "1h" }),
        ];
        assertEquals(await jobs[2]!.cancel(), true);
      } finally {
        Date.now = now;
      }
      assert(Math.abs(jobs[0]!.next.getTime() - before - 1_000) < 5_000);
      const times = [];
      for await (const { delivery } of js.read(mails)) {
        times.push(delivery.time.getTime() - before);
        if (times.length === 2) break;
      }
      assert(times[0]! >= 1_000 && times[1]! >= 1_500 && times[1]! < 15_000, `${times}`);
    }, { jetstream: true, since: "2.14" }));
}
