import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { EmbeddedServer } from "../../src/testing/mod.ts";
import { HAND_WRITTEN } from "../bench/handlers/order_schema.ts";
import { checked, orderOf } from "../bench/handlers/orders.ts";
import { Ends } from "../bench/ends.ts";
import { interleave } from "../bench/interleave.ts";
import { resultOf, rowOf } from "../bench/result.ts";
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

/** An object of whole parts, and more keys than are read at a time. */
const SMALL = { keys: 300, megabytes: 0.64 };

// a plain client waits for the other end again and again
for (const [isPlain, amounts] of [[false, [1, 7, 600]], [true, [7]]] as const) {
  Deno.test(`works() give right answers on both sides, plain: ${isPlain}`, async (t) => {
    await using server = await EmbeddedServer.start();
    await using ends = await Ends.open(server.url, isPlain);
    const names = new Set<string>();
    for (const work of works(ends, HAND_WRITTEN, SMALL)) {
      names.add(work.name);
      for (const side of ["ours", "rival"] as const) {
        for (const operations of amounts) {
          await t.step(`${work.name}: ${side}, ${operations}`, async () => {
            assert(await perform(work, side, operations) >= 0);
          });
        }
      }
    }
    assertEquals(names.size, works(ends).length);
  });
}

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

Deno.test("checked() takes an order, and tells each thing that is wrong", () => {
  assertEquals(checked(orderOf(7)), { value: { item: "tea", count: 7 } });
  assertEquals(checked(null).issues?.length, 1);
  const paths = checked({ item: "", count: 0.5 }).issues?.map(({ path }) => path);
  assertEquals(paths, [["item"], ["count"]]);
  assert(HAND_WRITTEN.schema["~standard"].validate === checked);
});

Deno.test("interleave() takes turns with the same number of operations", async () => {
  order.length = 0;
  const rounds = await interleave(work, {
    rounds: 4,
    length: 1,
    first: 512,
    warmUp: 0,
  });
  assertEquals(rounds.length, 4);
  const ours = "ours 512";
  const rival = "rival 512";
  const warmUp = [ours, rival, ours, rival];
  assertEquals(order, [...warmUp, ours, rival, rival, ours, ours, rival, rival, ours]);
  assert(rounds.every(({ ours, rival }) => ours > 0 && rival > 0));
});

Deno.test("interleave() begins with as few operations as it is told", async () => {
  order.length = 0;
  await interleave(work, { rounds: 1, length: 1, first: 16, warmUp: 0 });
  assertEquals(order.length, 6);
  assert(order.every((entry) => entry.endsWith(" 16")));
});

Deno.test("interleave() has both sides run for so long before it measures", async () => {
  let now = 0;
  using _now = stub(performance, "now", () => now);
  const took = { ours: 0, rival: 0 };
  const side = (name: "ours" | "rival") => () => {
    took[name]++;
    now += 2;
    return true;
  };
  const counted = { ...work, ours: side("ours"), rival: side("rival") };
  await interleave(counted, { rounds: 1, length: 1, first: 16, warmUp: 500 });
  // both together take 4 ms each time, and are measured once more
  assertEquals(took, { ours: 126, rival: 126 });
});

Deno.test("interleave() does not take for slow what has never run before", async () => {
  // on the real clock, a busy machine could let the second one take as long as the first
  let now = 0;
  using _now = stub(performance, "now", () => now);
  let isFirst = true;
  const asked: number[] = [];
  const ours = (operations: number) => {
    asked.push(operations);
    if (isFirst || operations >= 32) now += 20;
    isFirst = false;
    return true;
  };
  const effort = { rounds: 1, length: 10, first: 16, warmUp: 0 };
  await interleave({ ...work, ours, rival: () => true }, effort);
  assertEquals(asked, [16, 16, 32, 32, 32]);
});

Deno.test("resultOf() sums up, and says whether the aim is reached", () => {
  const rounds = [{ ours: 2_000_000, rival: 1_000 }, { ours: 3_000, rival: 2_000 }];
  const result = resultOf(work, rounds);
  assertEquals([result.ours, result.rival, result.reached], [1_001_500, 1_500, true]);
  assertAlmostEquals(result.ratio.median, 1000.75);
  assert(!resultOf({ ...work, aim: 2_000 }, rounds).reached);
});

Deno.test("table() marks a missed aim", () => {
  const row = (ours: number) => rowOf(resultOf(work, [{ ours, rival: 10_000 }]));
  assertEquals(
    table([row(2_500_000), row(500)]).split("\n"),
    [
      "| work    |           ours |    bare client |        ratio (min–max) |      aim |",
      "|---------|---------------:|---------------:|-----------------------:|---------:|",
      "| nothing | 2.50 M times/s | 10.0 k times/s | 250.00 (250.00–250.00) | ≥ 2.00 ✓ |",
      "| nothing |    500 times/s | 10.0 k times/s |       0.05 (0.05–0.05) | ≥ 2.00 ✗ |",
    ],
  );
});
