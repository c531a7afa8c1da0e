import { assertStrictEquals } from "@std/assert";
import { overlap } from "../../../src/subject/wildcards.ts";
import { pick, type Random, seeded } from "../seeded_random.ts";

const CASES: readonly [string, string, boolean][] = [
  ["a", "a", true],
  ["a", "b", false],
  ["a.b", "a", false],
  ["a.b", "a.b", true],
  ["a.*", "a.b", true],
  ["a.*", "a.b.c", false],
  ["a.*", "*.b", true],
  ["a.*.c", "a.b.*", true],
  ["a.*.c", "a.b.d", false],
  ["*", "*", true],
  [">", "a", true],
  [">", "a.b.c", true],
  [">", ">", true],
  ["a.>", "a", false],
  ["a.>", "a.b", true],
  ["a.>", "*.b.c", true],
  ["a.>", "b.>", false],
  ["a.b.>", "a.>", true],
  ["a.b.>", "a.*", false],
  ["*.>", "a", false],
];

Deno.test("overlap() says whether some subject would match both, whichever comes first", () => {
  for (const [one, other, expected] of CASES) {
    assertStrictEquals(overlap(one, other), expected, `${one} and ${other}`);
    assertStrictEquals(overlap(other, one), expected, `${other} and ${one}`);
  }
});

const TOKENS = ["a", "b", "c"];

/** Every subject of up to four tokens: where two patterns of three overlap, one of these shows it. */
const SUBJECTS = TOKENS.flatMap((token) => from(token));

function from(subject: string): string[] {
  if (subject.split(".").length === 4) return [subject];
  return [subject, ...TOKENS.flatMap((token) => from(`${subject}.${token}`))];
}

function pattern(random: Random): string {
  const tokens = Array.from({ length: 1 + random(3) }, () => pick(random, ["a", "b", "*"]));
  if (random(3) === 0) tokens[tokens.length - 1] = ">";
  return tokens.join(".");
}

function matches(pattern: string, subject: string): boolean {
  const escaped = pattern.replaceAll(".", "\\.").replaceAll("*", "[^.]+").replace(">", ".+");
  return new RegExp(`^${escaped}$`).test(subject);
}

Deno.test("overlap() agrees with trying every subject", () => {
  const random = seeded(7);
  for (let run = 0; run < 1_000; run++) {
    const [one, other] = [pattern(random), pattern(random)];
    const found = SUBJECTS.some((subject) => matches(one, subject) && matches(other, subject));
    assertStrictEquals(overlap(one, other), found, `${one} and ${other}`);
  }
});
