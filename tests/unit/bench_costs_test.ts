import { assert, assertEquals, assertLessOrEqual, assertRejects } from "@std/assert";
import { EmbeddedServer } from "../../src/testing/mod.ts";
import { Arrivals } from "../bench/arrivals.ts";
import { Ends } from "../bench/ends.ts";
import { type Curve, growthOf, panelOf, rowOf } from "../bench/growth/curve.ts";
import { measuring } from "../bench/growth/growth.ts";
import { GROWTHS } from "../bench/growth/growths.ts";
import { graphIn, graphOf } from "../bench/imports/graph.ts";
import { imports } from "../bench/imports/imports.ts";
import { bytesEach } from "../bench/memory/memory.ts";
import { HOLDERS } from "../bench/memory/holders.ts";
import { QUICK } from "../bench/pace.ts";

const PACE = { ...QUICK, growth: { rounds: 1, length: 1, first: 1, warmUp: 0 }, starts: 1 };
const quietly = () => {};

Deno.test("GROWTHS give right answers on both sides", async (t) => {
  await using server = await EmbeddedServer.start();
  await using ends = await Ends.open(server.url);
  for (const { name, prepare } of GROWTHS) {
    for (const count of [1, 100]) {
      await t.step(`${name}: ${count}`, async () => {
        await using opened = new AsyncDisposableStack();
        const { ours, rival } = await prepare(ends, count, opened);
        for (const operations of [1, 7, 600]) {
          assertEquals([await ours(operations), await rival(operations)], [true, true]);
        }
      });
    }
  }
});

Deno.test("measuring() gives a point for each number of things, and refuses a wrong answer", async () => {
  await using server = await EmbeddedServer.start();
  await using ends = await Ends.open(server.url);
  // twice as much must take longer, or it would never be enough
  const slowly = (operations: number) =>
    new Promise<boolean>((resolve) => setTimeout(() => resolve(true), operations));
  const asked: number[] = [];
  const growth = {
    name: "nothing",
    operation: "Nothing",
    things: "things",
    prepare: (_ends: Ends, count: number) => {
      asked.push(count);
      return Promise.resolve({ ours: slowly, rival: slowly });
    },
  };
  const { curve } = await measuring(ends, growth).measure(PACE, quietly);
  assertEquals(asked, [1, ...PACE.counts]);
  assertEquals(curve?.points.map(({ count }) => count), [...PACE.counts]);
  const wrong = { ...growth, prepare: () => Promise.resolve({ ours: slowly, rival: () => false }) };
  await assertRejects(() => measuring(ends, wrong).measure(PACE, quietly), Error, "rival");
});

Deno.test("rowOf() and panelOf() tell a curve's cost in microseconds, and growth beside growth", () => {
  const fewest = { count: 1, rounds: [{ ours: 100_000, rival: 200_000 }] };
  const most = { count: 10, rounds: [{ ours: 10_000, rival: 40_000 }] };
  const curve: Curve = { name: "it", operation: "It", things: "them", points: [fewest, most] };
  assertEquals(growthOf(fewest, most).median, 2);
  const { ours, rival, comparison, aim } = rowOf(curve);
  assertEquals([ours, rival], ["10 → 100 µs", "5.0 → 25 µs"]);
  assertEquals([comparison, aim], ["2.00 (2.00–2.00)", "≤ 1.50 ✗"]);
  const { x, lines } = panelOf(curve);
  assertEquals(x, "them");
  assertEquals(lines[0]?.points, [{ x: 1, y: 10 }, { x: 10, y: 100 }]);
});

Deno.test("Arrivals lets only so many be on their way, and waits for the last", async () => {
  const arrivals = new Arrivals();
  let [sent, taken] = [0, 0];
  const carried = arrivals.carry(5_000, () => sent++);
  assertEquals(sent, 1_024);
  while (taken < 4_999) {
    if (taken === sent) await Promise.resolve();
    else {
      arrivals.take();
      taken++;
    }
  }
  await Promise.resolve();
  arrivals.take();
  await carried;
  assertEquals(sent, 5_000);
});

Deno.test("bytesEach() says what one of each takes up, and refuses what there is not", async (t) => {
  await using server = await EmbeddedServer.start();
  for (const [what, { rival }] of Object.entries(HOLDERS)) {
    for (const side of rival ? ["ours", "rival"] as const : ["ours"] as const) {
      await t.step(`${what}: ${side}`, async () => {
        const bytes = await bytesEach(server.url, what, side, 500);
        assert(bytes > 100 && bytes < 100_000, `${bytes}`);
      });
    }
  }
  await assertRejects(() => bytesEach(server.url, "nothing", "ours", 1), Error, '"nothing"');
});

Deno.test("imports() compares programs that do nothing but import", async (t) => {
  for (const { name, measure } of imports()) {
    await t.step(name, async () => {
      const { row } = await measure(PACE, quietly);
      assert(/^\d+ \w+$/.test(row.ours) && /^[+−]\d/.test(row.comparison), row.comparison);
    });
  }
});

Deno.test("graphIn() follows what is loaded at once, and counts nothing that is there for its types, or loaded later", () => {
  const code = (specifier: string) => ({ code: { specifier } });
  const graph = graphIn({
    roots: ["main"],
    modules: [
      {
        specifier: "main",
        dependencies: [code("jsr:a"), {}, { ...code("later"), isDynamic: true }],
      },
      { specifier: "a/1", dependencies: [code("b"), code("main"), code("node:fs")] },
      { specifier: "b", dependencies: [code("a/1")] },
      { specifier: "types" },
      { specifier: "later", dependencies: [code("b")] },
    ],
    redirects: { "jsr:a": "a/1" },
    packages: { "a@^1": "a@1.0.0", "a@1": "a@1.0.0" },
  });
  assertEquals(graph, { modules: 2, packages: ["a@1.0.0"] });
});

Deno.test("mod.ts loads at most 90 modules that the bare client does not", async () => {
  const graph = (name: string) => graphOf(new URL(`../bench/imports/${name}.ts`, import.meta.url));
  const [ours, bare] = await Promise.all([graph("ours"), graph("bare")]);
  assertLessOrEqual(ours.modules - bare.modules, 90);
  assertEquals(ours.packages, bare.packages);
});
