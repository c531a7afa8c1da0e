import { assertEquals, assertThrows } from "@std/assert";
import { nameOf, tokenOf } from "../../../src/jetstream/schedule/schedule_name.ts";
import { nextOf, planOf, readPlan, type When } from "../../../src/jetstream/schedule/when.ts";

const NOW = Date.parse("2026-11-28T10:00:00.400Z");

Deno.test("tokenOf() gives each name a token of its own, which nameOf() reads", () => {
  const names = [
    "a",
    "A-1_b",
    "a.b",
    "a b",
    "*",
    ">",
    "%",
    "%2E",
    "ünï",
    "🙂",
    "\n",
    "(!~')",
    "a/b",
  ];
  const tokens = names.map((name) => tokenOf("test", name));
  for (const [at, token] of tokens.entries()) {
    assertEquals(/^[A-Za-z0-9_%-]+$/.test(token), true, token);
    assertEquals(nameOf(token), names[at]);
  }
  assertEquals(new Set(tokens).size, names.length);
  assertEquals(nameOf("50%"), "50%", "another program may name it as it likes");
  assertThrows(() => tokenOf("test", "x".repeat(1_001)), TypeError, "1001");
});

Deno.test("planOf() counts by the server's clock, and makes nothing due too early", () => {
  const plan = (when: When) => planOf("test", when, NOW);
  const at = new Date("2030-01-01T00:00:00.5Z");
  assertEquals(plan({ at }).pattern, "@at 2030-01-01T00:00:00.500Z");
  assertEquals(planOf("test", { in: "90d" }, NOW + 0.2).next, NOW + 90 * 86_400_000 + 1);
  assertEquals(plan({ every: "1.5h" }), {
    pattern: "@every 5400s",
    timeZone: undefined,
    repeats: true,
    next: Date.parse("2026-11-28T11:30:00Z"),
  });
  const cron = plan({ cron: " 0  30 9 * *\tMON ", timeZone: "Europe/Zurich" });
  assertEquals([cron.pattern, cron.timeZone], ["0 30 9 * * MON", "Europe/Zurich"]);
  assertEquals(new Date(cron.next).toISOString(), "2026-11-30T08:30:00.000Z");
  assertEquals(plan({ at: new Date(NOW - 59_000) }).next, NOW - 59_000);
  assertThrows(
    () => plan({ at: new Date(NOW - 61_000) }),
    TypeError,
    "2026-11-28T10:00:00.400Z",
  );
});

Deno.test("readPlan() also reads schedules of other programs, and does not fail at those it cannot read", () => {
  const read = (pattern: string, zone?: string) => readPlan(pattern, zone, NOW).when;
  assertEquals(read("@at 2030-01-01T01:00:00+01:00"), { at: new Date("2030-01-01T00:00:00Z") });
  assertEquals(read("@every 1h30m0.5s"), { every: 5_400_500 });
  assertEquals(read("@hourly"), { cron: "@hourly" });
  assertEquals(read("0 0 9 * * *", "Asia/Tokyo"), { cron: "0 0 9 * * *", timeZone: "Asia/Tokyo" });
  assertEquals([read("@at soon"), read("@every 5µs")], [undefined, undefined]);
  assertEquals(nextOf({ cron: "nonsense" }, NOW), undefined);
  assertEquals(nextOf({ cron: "@daily", timeZone: "Local" }, NOW), undefined);
});

Deno.test("nextOf() keeps in step with the first time, and is never before now", () => {
  const first = Date.parse("2026-11-28T10:00:10Z");
  const next = (now: number) => (nextOf({ every: "10s" }, now, first)! - first) / 1_000;
  assertEquals([next(NOW), next(first), next(first + 1), next(first + 10_000)], [0, 10, 10, 20]);
});
