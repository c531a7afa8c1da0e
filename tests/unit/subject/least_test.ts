import { assertEquals, assertStrictEquals } from "@std/assert";
import { platformClock } from "../../../src/clock.ts";
import { admits, covers, leastEntries, type Wanted } from "../../../src/subject/wildcards.ts";
import { Permissions } from "../../../src/testing/server/permissions.ts";
import { pick, type Random, seeded } from "../seeded_random.ts";

/** Wide, narrow, whether the one covers the other. */
const COVERS: readonly [string, string, boolean][] = [
  ["a", "a", true],
  ["a", "b", false],
  ["a", "a.b", false],
  ["a.b", "a", false],
  ["a.*", "a.b", true],
  ["a.*", "a.*", true],
  ["a.b", "a.*", false],
  ["a.*", "a.b.c", false],
  ["a.*.c", "a.b.c", true],
  ["a.>", "a", false],
  ["a.>", "a.b.c", true],
  ["a.>", "a.*", true],
  ["a.>", "a.*.>", true],
  ["a.*.>", "a.>", false],
  ["a.*", "a.>", false],
  ["*", ">", false],
  [">", "*", true],
  [">", ">", true],
];

Deno.test("covers() says whether all of one is in the other", () => {
  for (const [wide, narrow, expected] of COVERS) {
    assertStrictEquals(covers(wide, narrow), expected, `${wide} and ${narrow}`);
  }
});

Deno.test("admits() takes > for a token, as nats-server does where it decides", () => {
  assertEquals([admits("a.*", "a.>"), admits("*", ">"), admits("a.b", "a.>")], [true, true, false]);
  for (const [wide, narrow, expected] of COVERS) {
    if (expected) assertStrictEquals(admits(wide, narrow), true, `${wide} and ${narrow}`);
  }
});

Deno.test("leastEntries() leaves out what is there twice or covered, and sorts", () => {
  const least = (...subjects: string[]) => leastEntries(subjects.map((subject) => ({ subject })));
  assertEquals(least(), []);
  assertEquals(least("b", "a", "b"), ["a", "b"]);
  assertEquals(least("a.b", "a.*", "a.>", "c.*", "*.d"), ["*.d", "a.>", "c.*"]);
  assertEquals(least("a.*", ">", "$SRV.PING"), [">"]);
});

Deno.test("leastEntries() leaves out a queue group that a wider entry permits", () => {
  const workers = { subject: "a.*", queue: "workers" };
  assertEquals(leastEntries([workers]), ["a.* workers"]);
  assertEquals(leastEntries([workers, { subject: "a.>" }]), ["a.>"]);
  assertEquals(leastEntries([workers, { subject: "a.*" }]), ["a.*"]);
  assertEquals(leastEntries([workers, { ...workers, subject: "a.b" }]), ["a.* workers"]);
  const others = { ...workers, queue: "others" };
  assertEquals(leastEntries([workers, others]), ["a.* others", "a.* workers"]);
  assertEquals(leastEntries([workers, others, { subject: "a.*" }]), ["a.*"]);
});

Deno.test("leastEntries() keeps a queue group that another one would keep out", () => {
  const wanted = [
    { subject: "a.>" },
    { subject: "*.b", queue: "q" },
    { subject: "a.b", queue: "workers" },
  ];
  assertEquals(leastEntries(wanted), ["*.b q", "a.>", "a.b workers"]);
});

function randomWanted(random: Random): Wanted {
  const tokens = Array.from({ length: 1 + random(3) }, () => pick(random, ["a", "b", "*"]));
  if (random(3) === 0) tokens[tokens.length - 1] = ">";
  const queue = pick(random, [undefined, undefined, "q", "r"]);
  return { subject: tokens.join("."), queue };
}

Deno.test("leastEntries() permits all that is wanted by the server's own rules", () => {
  const random = seeded(11);
  for (let run = 0; run < 2_000; run++) {
    const wanted = Array.from({ length: 1 + random(6) }, () => randomWanted(random));
    const entries = leastEntries(wanted);
    const permissions = new Permissions({ subscribe: entries }, platformClock);
    for (const { subject, queue } of wanted) {
      const asked = `${subject} ${queue ?? ""} of ${JSON.stringify(entries)}`;
      assertStrictEquals(permissions.maySubscribe(subject, queue), true, asked);
    }
    assertEquals(leastEntries(wanted.toReversed()), entries, "the order does not matter");
    assertStrictEquals(
      entries.length <= new Set(wanted.map((one) => JSON.stringify(one))).size,
      true,
    );
  }
});
