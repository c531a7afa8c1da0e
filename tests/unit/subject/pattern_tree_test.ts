import { assertEquals, assertStrictEquals } from "@std/assert";
import { overlap, PatternTree } from "../../../src/subject/wildcards.ts";
import { pick, seeded } from "../seeded_random.ts";

function treeOf(patterns: Iterable<string>): PatternTree<string> {
  const tree = new PatternTree<string>();
  for (const pattern of patterns) tree.add(pattern, pattern);
  return tree;
}

Deno.test("PatternTree.overlapping() finds what some subject matches as well, and nothing else", () => {
  const random = seeded(23);
  const tokens = ["a", "b", "c", "*", ">"];
  const newPattern = () => {
    const length = 1 + random(4);
    const made = Array.from({ length }, () => pick(random, tokens));
    const end = made.indexOf(">");
    return made.slice(0, end < 0 ? length : end + 1).join(".");
  };
  for (let round = 0; round < 2_000; round++) {
    const patterns = new Set(Array.from({ length: 4 }, newPattern));
    const asked = newPattern();
    const expected = [...patterns].filter((pattern) => overlap(pattern, asked));
    const found = treeOf(patterns).overlapping(asked);
    if (found === undefined) assertEquals(expected, [], `${asked} among ${[...patterns]}`);
    else assertEquals(expected.includes(found), true, `${asked} found ${found}`);
  }
});

Deno.test("PatternTree.delete() leaves the others, and those of the same pattern", () => {
  const tree = treeOf(["a.b", "a.*.c", "a.b.c.d"]);
  tree.add("a.b", "second");
  tree.delete("a.b", "a.b");
  assertStrictEquals(tree.overlapping("a.b"), "second");
  tree.delete("a.b", "second");
  assertStrictEquals(tree.overlapping("a.b"), undefined);
  tree.delete("a.b.c.d", "a.b.c.d");
  assertStrictEquals(tree.overlapping("a.b.c.d"), undefined);
  assertStrictEquals(tree.overlapping("a.b.c"), "a.*.c");
  tree.delete("a.x", "never there");
  tree.delete("a.*.c", "a.*.c");
  assertStrictEquals(tree.overlapping(">"), undefined);
});

Deno.test("PatternTree.delete() leaves nothing that would hide the others", () => {
  for (const gone of ["a.>", "a.*", "a.b", "a.b.c", ">"]) {
    const tree = treeOf(["a.b.d", gone]);
    tree.delete(gone, gone);
    assertStrictEquals(tree.overlapping("a.b.d"), "a.b.d", gone);
    assertStrictEquals(tree.overlapping("a.*.>"), "a.b.d", gone);
  }
});
