import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { InvalidSubjectError } from "../../../src/errors.ts";
import { describe } from "../../../src/options.ts";
import { checkPrefix, checkSubject, isToken } from "../../../src/subject/subject.ts";
import { printable, seeded } from "../seeded_random.ts";

function refusal(check: () => void): InvalidSubjectError {
  return assertThrows(check, InvalidSubjectError);
}

const TAKEN = [
  "a",
  "a.b",
  "orders.42.done",
  "$SRV.PING",
  "_INBOX.x",
  "a-b/c_d",
  "{id}",
  "!~",
  "a$b",
  "größe.😀",
  "ä".repeat(1_000),
];

const REFUSED: readonly [unknown, string][] = [
  ["", "a token must not be empty"],
  [".", "a token must not be empty"],
  ["a.", "a token must not be empty"],
  [".a", "a token must not be empty"],
  ["a..b", "a token must not be empty"],
  ["*", "a subject must not contain a wildcard"],
  ["a.>", "a subject must not contain a wildcard"],
  ["a.b*", "a subject must not contain a wildcard"],
  ["a b", "a subject must not contain a blank, a control character or a lone surrogate"],
  ["a\tb", "a subject must not contain a blank, a control character or a lone surrogate"],
  ["a\r\nPUB b", "a subject must not contain a blank, a control character or a lone surrogate"],
  ["a\0", "a subject must not contain a blank, a control character or a lone surrogate"],
  ["a\x7f", "a subject must not contain a blank, a control character or a lone surrogate"],
  ["a\u00a0b", "a subject must not contain a blank, a control character or a lone surrogate"],
  ["a\u2028", "a subject must not contain a blank, a control character or a lone surrogate"],
  ["a\x85", "a subject must not contain a blank, a control character or a lone surrogate"],
  ["a\ud83d", "a subject must not contain a blank, a control character or a lone surrogate"],
  ["ä".repeat(1_001), "a subject must be 2000 bytes at most"],
  ["a".repeat(2_001), "a subject must be 2000 bytes at most"],
  [undefined, "a subject must be text"],
  [null, "a subject must be text"],
  [42, "a subject must be text"],
  [["a"], "a subject must be text"],
  [10n, "a subject must be text"],
];

Deno.test("checkSubject() takes tokens of UTF-8 between dots", () => {
  for (const subject of TAKEN) checkSubject("publish", subject);
  checkSubject("publish", "a".repeat(2_000));
});

Deno.test("checkSubject() refuses anything else in a sentence that names rule and value", () => {
  for (const [subject, rule] of REFUSED) {
    const { message } = refusal(() => checkSubject("publish", subject));
    assertEquals(message, `Cannot publish as ${rule}: ${describe(subject)}`);
  }
});

Deno.test("checkSubject() keeps the subject it refused", () => {
  assertStrictEquals(refusal(() => checkSubject("request", "a.*")).subject, "a.*");
});

Deno.test("checkSubject() takes each character but the wildcards, blanks and controls", () => {
  for (let code = 0; code < 0x300; code++) {
    const letter = String.fromCharCode(code);
    const printed = code > 32 && (code < 127 || code > 160) && !"*>".includes(letter);
    if (letter === ".") continue;
    if (printed) checkSubject("publish", `a${letter}b`);
    else refusal(() => checkSubject("publish", `a${letter}b`));
  }
});

Deno.test("checkSubject() answers for a text of megabytes at once", () => {
  const began = performance.now();
  refusal(() => checkSubject("publish", "a.".repeat(1_000_000)));
  assert(performance.now() - began < 5_000);
});

Deno.test("isToken() holds for what can stand between two dots", () => {
  const random = seeded(1);
  for (let run = 0; run < 1_000; run++) {
    assert(isToken(printable(random, 1 + random(30), ".*>")));
  }
  assert(isToken("a".repeat(2_000)));
  assert(isToken("é"));
});

Deno.test("isToken() does not hold for a dot, a wildcard, nothing, or what is no text", () => {
  const others = ["", ".", "a.b", "*", ">", "a b", "a\n", "é\x80", "a".repeat(2_001), 1, null, {}];
  for (const other of [...others, undefined]) assertFalse(isToken(other), String(other));
});

Deno.test("checkPrefix() takes what a subject may begin with", () => {
  for (const prefix of ["_INBOX", "_CUSTOM_INBOX", "a.b.c", "x$"]) {
    checkPrefix("make a broker", prefix);
  }
});

Deno.test("checkPrefix() refuses the server's own subjects", () => {
  const { message } = refusal(() => checkPrefix("make a broker", "$SYS.inbox"));
  assertEquals(message, `Cannot make a broker as a prefix must not begin with "$": "$SYS.inbox"`);
});

Deno.test("checkPrefix() refuses what no subject begins with", () => {
  for (const prefix of ["", "a.", "a.*", ">", "a b", 7, undefined]) {
    refusal(() => checkPrefix("make a broker", prefix));
  }
});
