import { assertEquals } from "@std/assert";
import { asMilliseconds, type Duration, millisecondsOf } from "../../src/duration.ts";

Deno.test("millisecondsOf() reads numbers as milliseconds, and text by its unit", () => {
  const durations: readonly (readonly [Duration, number])[] = [
    [0, 0],
    [1.5, 1.5],
    ["250ms", 250],
    ["0s", 0],
    ["30s", 30_000],
    ["1.1s", 1_100],
    ["5m", 300_000],
    ["1.5h", 5_400_000],
    ["7d", 604_800_000],
  ];
  for (const [duration, expected] of durations) assertEquals(millisecondsOf(duration), expected);
});

Deno.test("millisecondsOf() gives undefined for what is no duration", () => {
  const others = [
    -1,
    NaN,
    Infinity,
    -Infinity,
    "",
    "5",
    "5 m",
    " 5m",
    "5m\n",
    "-5m",
    "+5m",
    "5M",
    "5mm",
    "m",
    ".5s",
    "5.s",
    "1e3ms",
    "0x5s",
    "1h30m",
    "1_000ms",
    "٥m",
    "5w",
    `${"9".repeat(400)}d`,
    5n,
    true,
    null,
    undefined,
    {},
    ["5m"],
    new Date(),
    { toString: () => "5m" },
  ];
  for (const other of others) assertEquals(millisecondsOf(other), undefined, String(other));
});

Deno.test("asMilliseconds() leaves numbers, Infinity and undefined as they are", () => {
  assertEquals(asMilliseconds("1.5h"), 5_400_000);
  for (const kept of [0, 5, Infinity, undefined]) assertEquals(asMilliseconds(kept), kept);
});
