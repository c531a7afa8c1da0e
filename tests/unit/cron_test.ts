import { assertEquals } from "@std/assert";
import { cronFault, nextMatch } from "../../src/cron.ts";

function next(pattern: string, after: string, zone = "UTC"): string | undefined {
  const time = nextMatch(pattern, zone, Date.parse(after));
  return time === undefined ? undefined : new Date(time).toISOString().slice(0, -5);
}

Deno.test("nextMatch() finds a time after the given one, and never that itself", () => {
  assertEquals(next("0 0 12 * * *", "2026-11-28T11:59:59.999Z"), "2026-11-28T12:00:00");
  assertEquals(next("0 0 12 * * *", "2026-11-28T12:00:00Z"), "2026-11-29T12:00:00");
  assertEquals(next("* * * * * *", "2026-11-28T12:00:00.5Z"), "2026-11-28T12:00:01");
});

Deno.test("nextMatch() reads lists, ranges, steps and names", () => {
  assertEquals(next("*/20 * * * * *", "2026-11-28T00:00:21Z"), "2026-11-28T00:00:40");
  assertEquals(next("0 50/5 * * * *", "2026-11-28T00:51:00Z"), "2026-11-28T00:55:00");
  assertEquals(next("0 0 8-18/4 * * *", "2026-11-28T12:00:00Z"), "2026-11-28T16:00:00");
  assertEquals(next("0 0 0 1,15 * *", "2026-11-02T00:00:00Z"), "2026-11-15T00:00:00");
  assertEquals(next("0 0 9 * * MON-fri", "2026-11-28T00:00:00Z"), "2026-11-30T09:00:00");
  assertEquals(next("0 0 0 1 feb *", "2026-11-28T00:00:00Z"), "2027-02-01T00:00:00");
  assertEquals(next("0 0 0 29 2 ?", "2026-11-28T00:00:00Z"), "2028-02-29T00:00:00");
});

Deno.test("nextMatch() matches either day if a pattern has both", () => {
  assertEquals(next("0 0 0 13 * FRI", "2026-11-28T00:00:00Z"), "2026-12-04T00:00:00");
  assertEquals(next("0 0 0 13 * *", "2026-11-28T00:00:00Z"), "2026-12-13T00:00:00");
});

Deno.test("nextMatch() follows the clocks of a time zone, with both of their changes", () => {
  const zone = "Europe/Zurich";
  assertEquals(next("0 30 9 * * *", "2026-07-01T00:00:00Z", zone), "2026-07-01T07:30:00");
  assertEquals(next("0 30 9 * * *", "2026-12-01T00:00:00Z", zone), "2026-12-01T08:30:00");
  // this day has no half past two
  assertEquals(next("0 30 2 * * *", "2026-03-29T00:00:00Z", zone), "2026-03-30T00:30:00");
  // and this day has two
  assertEquals(next("0 30 2 * * *", "2026-10-25T00:00:00Z", zone), "2026-10-25T00:30:00");
  assertEquals(next("0 30 2 * * *", "2026-10-25T00:30:00Z", zone), "2026-10-25T01:30:00");
  assertEquals(next("0 0 0 * * *", "2026-03-28T22:00:00Z", "Asia/Beirut"), "2026-03-29T21:00:00");
});

Deno.test("nextMatch() finds nothing for a wrong pattern, or for one that never matches", () => {
  const patterns = [
    "",
    "* * * * *",
    "* * * * * * *",
    "60 * * * * *",
    "0 0 0 30 2 *",
    "5-1 * * * * *",
  ];
  for (const pattern of [...patterns, "*/0 * * * * *", "a * * * * *", ", * * * * *"]) {
    assertEquals(next(pattern, "2026-11-28T00:00:00Z"), undefined, pattern);
  }
});

Deno.test("cronFault() finds a fault in just those patterns that nextMatch() cannot read", () => {
  const good = [
    "* * * * * *",
    "@daily",
    "@hourly",
    "0 0 9-17/2 1,15 JAN-mar ?",
    "*/20 50/5 * * * 0",
  ];
  for (const pattern of good) {
    assertEquals(cronFault(pattern), undefined, pattern);
    assertEquals(next(pattern, "2026-11-28T00:00:00Z") === undefined, false, pattern);
  }
  const bad = [
    "",
    "* * * * *",
    "60 * * * * *",
    "* * * * * 7",
    "5-1 * * * * *",
    "1,,x * * * * *",
    "@x",
  ];
  for (const pattern of [...bad, "*/0 * * * * *", "1-2-3 * * * * *", ", * * * * *", "@every 1s"]) {
    assertEquals(cronFault(pattern) === undefined, false, pattern);
    assertEquals(next(pattern, "2026-11-28T00:00:00Z"), undefined, pattern);
  }
});
