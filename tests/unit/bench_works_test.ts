import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { EmbeddedServer } from "../../src/testing/mod.ts";
import { Ends } from "../bench/ends.ts";
import { interleave } from "../bench/interleave.ts";
import { benchOptions } from "../bench/options.ts";
import { resultOf } from "../bench/result.ts";
import { median, ratioOf } from "../bench/statistics.ts";
import { table } from "../bench/table.ts";
import { perform, type Work } from "../bench/work.ts";
import { works } from "../bench/works.ts";

const order: string[] = [];
const work: Work<boolean> = {
  name: "nothing",
  unit: "times",
  aim: 2,
  ours: (operations) => slowly(`ours ${operations}`),
  rival: (operations) => slowly(`rival ${operations}`),
  right: (answer) => answer,
};

async function slowly(entry: string): Promise<boolean> {
  order.push(entry);
  await new Promise((resolve) => setTimeout(resolve, 2));
  return true;
}

Deno.test("works() gives right answers on both sides", async (t) => {
  await using server = await EmbeddedServer.start();
  await using ends = await Ends.open(server.url);
  const names = new Set<string>();
  for (const work of works(ends)) {
    names.add(work.name);
    for (const side of ["ours", "rival"] as const) {
      for (const operations of [1, 7, 600]) {
        await t.step(`${work.name}: ${side}, ${operations}`, async () => {
          assert(await perform(work, side, operations) >= 0);
        });
      }
    }
  }
  assertEquals(names.size, works(ends).length);
});

Deno.test("perform() refuses a wrong answer", async () => {
  const wrong: Work = { ...work, right: () => false };
  await assertRejects(() => perform(wrong, "rival", 1), Error, 'measure "nothing"');
});

Deno.test("works() know a wrong answer", async () => {
  await using server = await EmbeddedServer.start();
  await using ends = await Ends.open(server.url);
  for (const { right, name } of works(ends)) {
    const wrong = name.startsWith("request") ? [new Uint8Array(16)] : ["_INBOX.short"];
    assert(!right(wrong), name);
  }
});

Deno.test("perform() counts what the work says, where not all of it does", async () => {
  assertEquals(await perform({ ...work, took: () => 7 }, "ours", 1), 7);
});

Deno.test("interleave() takes turns with the same number of operations", async () => {
  order.length = 0;
  const rounds = await interleave(work, { rounds: 4, length: 1 });
  assertEquals(rounds.length, 4);
  const ours = "ours 512";
  const rival = "rival 512";
  const warmUp = [ours, rival];
  assertEquals(order, [...warmUp, ours, rival, rival, ours, ours, rival, rival, ours]);
  assert(rounds.every(({ ours, rival }) => ours > 0 && rival > 0));
});

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

Deno.test("resultOf() sums up, and says whether the aim is reached", () => {
  const rounds = [{ ours: 2_000_000, rival: 1_000 }, { ours: 3_000, rival: 2_000 }];
  const result = resultOf(work, rounds);
  assertEquals([result.ours, result.rival, result.reached], [1_001_500, 1_500, true]);
  assertAlmostEquals(result.ratio.median, 1000.75);
  assert(!resultOf({ ...work, aim: 2_000 }, rounds).reached);
});

Deno.test("table() marks a missed aim", () => {
  const result = (ours: number) => resultOf(work, [{ ours, rival: 10_000 }]);
  assertEquals(
    table([result(2_500_000), result(500)]).split("\n"),
    [
      "| work    |           ours |    bare client |        ratio (min–max) |    aim |",
      "|---------|----------------|----------------|------------------------|--------|",
      "| nothing | 2.50 M times/s | 10.0 k times/s | 250.00 (250.00–250.00) | 2.00 ✓ |",
      "| nothing |    500 times/s | 10.0 k times/s |       0.05 (0.05–0.05) | 2.00 ✗ |",
    ],
  );
});

Deno.test("benchOptions() refuses what it does not know", () => {
  const { effort, only, json } = benchOptions(["--quick", "--only", "64", "--json", "out.json"]);
  assert(effort.rounds < benchOptions([]).effort.rounds);
  assertEquals([only, json], ["64", "out.json"]);
  assertThrows(() => benchOptions(["--fast"]), TypeError, '"--fast"');
  assertThrows(() => benchOptions(["--only"]), TypeError, '"--only"');
});
