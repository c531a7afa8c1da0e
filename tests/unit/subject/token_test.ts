import { createInbox } from "@nats-io/transport-deno";
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { newToken } from "../../../src/subject/subject.ts";

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MANY = 1_000_000;
const tokens = Array.from({ length: MANY }, newToken);

/** How far counts are from even ones; 61 degrees of freedom exceed 137 once in a million runs. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, one) => sum + one, 0) / counts.length;
  return counts.reduce((sum, one) => sum + (one - expected) ** 2 / expected, 0);
}

/** Counts the letters of every token, each position for itself. */
function tally(): number[][] {
  const byCode = Array.from({ length: 22 }, () => new Uint32Array(128));
  for (const token of tokens) {
    for (let at = 0; at < 22; at++) byCode[at]![token.charCodeAt(at)]!++;
  }
  return byCode.map((counts) => Array.from(LETTERS, (letter) => counts[letter.charCodeAt(0)]!));
}

/** A base-62 number of ten digits, as the sequential names of other clients end with. */
function counted(digits: string, step: number): string {
  let value = BigInt(step);
  for (const [at, digit] of [...digits].reverse().entries()) {
    value += BigInt(LETTERS.indexOf(digit)) * 62n ** BigInt(at);
  }
  let text = "";
  for (let at = 0; at < digits.length; at++, value /= 62n) {
    text = LETTERS[Number(value % 62n)] + text;
  }
  return text;
}

/** Everything that a sequential maker of names can say after `seen`: it steps by 33 up to 333. */
function* guesses(seen: string): Generator<string> {
  const [prefix, name, ...rest] = seen.split(".") as [string, string, ...string[]];
  for (let step = 33; step <= 333; step++) {
    const next = name.slice(0, 12) + counted(name.slice(12, 22), step);
    yield [prefix, next, ...rest].join(".");
  }
}

/** How many guesses it takes from one name to the next, `undefined` if none of them hits. */
function guessesNeeded(seen: string, next: string): number | undefined {
  const at = [...guesses(seen)].indexOf(next);
  return at < 0 ? undefined : at + 1;
}

Deno.test("newToken() gives 22 base-62 characters", () => {
  for (const token of tokens.slice(0, 10_000)) assertMatch(token, /^[0-9A-Za-z]{22}$/);
  assert(tokens.every((token) => token.length === 22));
});

Deno.test("newToken() gives a million different ones", () => {
  assertEquals(new Set(tokens).size, MANY);
});

Deno.test("newToken() draws each letter as often as any other", () => {
  const positions = tally();
  const all = Array.from(LETTERS, (_, at) => positions.reduce((sum, one) => sum + one[at]!, 0));
  assertEquals(all.reduce((sum, one) => sum + one, 0), 22 * MANY, "a letter beyond base 62");
  assertLess(chiSquare(all), 137);
});

Deno.test("newToken() draws each letter as often as any other in every position", () => {
  // 22 chances to fail, so each has to be rarer
  for (const counts of tally()) assertLess(chiSquare(counts), 150);
});

Deno.test("newToken() shares no beginning with the token before it beyond chance", () => {
  let sameLetter = 0;
  let longest = 0;
  for (let at = 1; at < MANY; at++) {
    const [before, token] = [tokens[at - 1]!, tokens[at]!];
    let same = 0;
    while (same < 22 && before[same] === token[same]) same++;
    if (same > 0) sameLetter++;
    longest = Math.max(longest, same);
  }
  const expected = MANY / 62;
  assertLess(Math.abs(sameLetter - expected), 6 * Math.sqrt(expected));
  assertLess(longest, 9); // a chance of one in 200 million
});

Deno.test("newToken() goes up as often as down", () => {
  let ups = 0;
  for (let at = 1; at < MANY; at++) if (tokens[at]! > tokens[at - 1]!) ups++;
  assertLess(Math.abs(ups - MANY / 2), 6 * Math.sqrt(MANY / 12));
});

Deno.test("newToken() cannot be guessed from the one before, as names of the bare client can", () => {
  for (let run = 0; run < 20; run++) {
    const needed = guessesNeeded(createInbox("_SEEN"), createInbox("_SEEN"));
    assert(needed !== undefined && needed <= 301, "the guesser must find a sequential name");
  }
  for (let run = 1; run < 200; run++) {
    const [seen, next] = [`_SEEN.${tokens[run - 1]}`, `_SEEN.${tokens[run]}`];
    assertEquals(guessesNeeded(seen, next), undefined);
  }
});
