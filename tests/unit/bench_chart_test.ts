import { assert, assertEquals } from "@std/assert";
import { chart } from "../bench/chart/chart.ts";
import type { Panel } from "../bench/chart/panel.ts";
import { linear, logarithmic } from "../bench/chart/scale.ts";

const panel: Panel = {
  title: "A message & more",
  x: "inboxes open",
  y: "µs",
  lines: [
    { name: "ours", points: [{ x: 1, y: 0 }, { x: 100, y: 5 }, { x: 10_000, y: 10 }] },
    { name: "theirs", points: [{ x: 1, y: 7.5 }, { x: 10_000, y: 2.5 }] },
  ],
};

function matches(svg: string, pattern: RegExp): string[] {
  return [...svg.matchAll(pattern)].map(([, found]) => found!);
}

function textsOf(svg: string): string[] {
  return matches(svg, /<text [^>]*>([^<]*)<\/text>/g);
}

/** Whether each tag is closed in its turn, as XML has it. */
function isWellFormed(svg: string): boolean {
  const open: string[] = [];
  for (const [, slash, name, rest] of svg.matchAll(/<(\/?)([a-z]+)([^>]*)>/gi)) {
    if (slash) {
      if (open.pop() !== name) return false;
    } else if (!rest!.endsWith("/")) open.push(name!);
  }
  return open.length === 0 && !/&(?!#\d+;)/.test(svg);
}

Deno.test("chart() draws each line through its points, evenly for each step of ten", () => {
  const [ours, theirs] = matches(chart("Growth", [panel]), /<polyline points="([^"]+)"/g);
  const places = ours!.split(" ").map((place) => place.split(",").map(Number));
  const [[left, bottom], [middle, half], [right, top]] = places as [number[], number[], number[]];
  assertEquals([left, top], [0, 0]);
  assertEquals(middle!, right! / 2);
  assertEquals(half!, bottom! / 2);
  assertEquals(theirs!.split(" ").length, 2);
});

Deno.test("chart() names what it shows, and each line once for all panels", () => {
  const svg = chart("Growth", [panel, { ...panel, title: "Another", y: "ms" }]);
  const texts = textsOf(svg);
  for (const text of ["A message &#38; more", "Another", "µs", "ms", "Growth"]) {
    assert(texts.includes(text), text);
  }
  assertEquals(texts.filter((text) => text === "ours").length, 1);
  assertEquals(texts.filter((text) => text === "inboxes open").length, 2);
  assertEquals(texts.filter((text) => text === "10\u00a0000").length, 2);
  assert(svg.includes("<title>ours: 5 at 100</title>"));
});

Deno.test("chart() gives a line of one name one colour, and no background", () => {
  const svg = chart("Growth", [panel, panel]);
  const colours = matches(svg, /<polyline [^>]*stroke="([^"]+)"/g);
  assertEquals([colours[0], colours[1]], [colours[2], colours[3]]);
  assert(colours[0] !== colours[1]);
  assert(!svg.includes("<rect"));
});

Deno.test("chart() is well-formed, and within its bounds", () => {
  for (const panels of [[panel], [panel, panel, panel]]) {
    const svg = chart(`"Growth" <&>`, panels);
    assert(isWellFormed(svg));
    const [width, height] = svg.match(/viewBox="0 0 (\d+) (\d+)"/)!.slice(1).map(Number);
    for (const place of matches(svg, /translate\(([^)]+)\)/g)) {
      const [x, y] = place.split(" ").map(Number);
      assert(x! > 0 && x! < width! && y! > 0 && y! < height!, place);
    }
  }
});

Deno.test("linear() ends at a round number that is not below the largest value", () => {
  assertEquals(linear(10).ticks, [0, 2.5, 5, 7.5, 10]);
  assertEquals(linear(61).ticks, [0, 20, 40, 60, 80]);
  assertEquals(linear(0.3).ticks, [0, 0.1, 0.2, 0.3]);
  assertEquals(linear(0).ticks.length, 2);
  assertEquals([linear(61).at(0), linear(61).at(80)], [0, 1]);
});

Deno.test("logarithmic() goes from one power of ten to another", () => {
  assertEquals(logarithmic(1, 10_000).ticks, [1, 10, 100, 1_000, 10_000]);
  assertEquals(logarithmic(3, 20).ticks, [1, 10, 100]);
  assertEquals(logarithmic(1, 1).ticks, [1, 10]);
  assertEquals(logarithmic(1, 10_000).at(100), 0.5);
});
