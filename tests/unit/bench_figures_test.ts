import { assertEquals, assertThrows } from "@std/assert";
import { differenceText, ratioText, short } from "../bench/figures.ts";
import { benchOptions } from "../bench/options.ts";
import { QUICK, THOROUGH } from "../bench/pace.ts";
import { median, ratioOf, spreadOf } from "../bench/statistics.ts";

Deno.test("median() gives the middle, and leaves the values as they are", () => {
  const values = [10, 9, 1];
  assertEquals(median(values), 9);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([7]), 7);
  assertEquals(values, [10, 9, 1]);
  assertThrows(() => median([]), RangeError);
});

Deno.test("ratioOf() compares each round within itself", () => {
  const rounds = [{ ours: 30, rival: 10 }, { ours: 2, rival: 1 }, { ours: 100, rival: 400 }];
  assertEquals(ratioOf(rounds), { median: 2, min: 0.25, max: 3 });
});

Deno.test("short() keeps about three digits", () => {
  const values = [2_345_678, 34_567, 950, 12.34, 3.456];
  assertEquals(values.map(short), ["2.35 M", "34.6 k", "950", "12", "3.5"]);
});

Deno.test("ratioText() and differenceText() tell the middle and the range", () => {
  assertEquals(ratioText(spreadOf([1, 2, 4])), "2.00 (1.00–4.00)");
  assertEquals(differenceText(spreadOf([-3.4, 12.2, 29])), "+12 (−3 to +29)");
  assertEquals(differenceText(spreadOf([0])), "+0");
});

Deno.test("benchOptions() reads what it is told", () => {
  assertEquals(benchOptions([]).pace, THOROUGH);
  const args = ["--quick", "--plain", "--only", "64", "--json", "a.json", "--svg", "a.svg"];
  const { pace, isPlain, only, json, svg } = benchOptions(args);
  assertEquals([pace, isPlain, only, json, svg], [QUICK, true, "64", "a.json", "a.svg"]);
  assertEquals([benchOptions([]).hasPeers, benchOptions(["--peers"]).hasPeers], [false, true]);
});

Deno.test("benchOptions() refuses what it does not know", () => {
  assertThrows(() => benchOptions(["--fast"]), TypeError, '"--fast"');
  for (const name of ["--only", "--json", "--svg"]) {
    assertThrows(() => benchOptions([name]), TypeError, `"${name}"`);
    assertThrows(() => benchOptions([name, "--quick"]), TypeError, `"${name}"`);
  }
});
