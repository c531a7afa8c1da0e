import { assert, assertEquals } from "@std/assert";
import { isSubset, isValidSubject, overlap } from "../../src/testing/server/subject.ts";
import { type Interest, Sublist } from "../../src/testing/server/sublist.ts";

function interest(subject: string, queue?: string): Interest {
  return { subject, queue };
}

function subjects(sublist: Sublist<Interest>, subject: string): string[] {
  return sublist.match(subject).plain.map((one) => one.subject).sort();
}

/** What the index has to agree with: the definition, token by token. */
function matches(pattern: string, subject: string): boolean {
  const tests = pattern.split(".");
  const tokens = subject.split(".");
  const rest = tests.at(-1) === ">";
  if (rest ? tokens.length < tests.length : tokens.length !== tests.length) return false;
  return tests.every((test, i) => test === ">" || test === "*" || test === tokens[i]);
}

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

function pattern(next: (below: number) => number, wild: boolean): string {
  const tokens = Array.from({ length: 1 + next(4) }, () => "abc*"[next(wild ? 4 : 3)]!);
  if (wild && next(4) === 0) tokens[tokens.length - 1] = ">";
  return tokens.join(".");
}

Deno.test("Sublist matches literals and wildcards", () => {
  const sublist = new Sublist<Interest>();
  for (const one of ["a", "a.b", "a.*", "*.b", "a.>", ">", "*"]) sublist.insert(interest(one));
  assertEquals(subjects(sublist, "a"), ["*", ">", "a"]);
  assertEquals(subjects(sublist, "a.b"), ["*.b", ">", "a.*", "a.>", "a.b"]);
  assertEquals(subjects(sublist, "a.b.c"), [">", "a.>"]);
  assertEquals(subjects(sublist, "b"), ["*", ">"]);
});

Deno.test("Sublist matches nothing to a subject with an empty token", () => {
  const sublist = new Sublist<Interest>();
  sublist.insert(interest(">"));
  for (const subject of ["", ".a", "a.", "a..b"]) assertEquals(subjects(sublist, subject), []);
});

Deno.test("Sublist takes a wildcard that is published to for one literal token", () => {
  const sublist = new Sublist<Interest>();
  for (const one of ["a.*", "a.>", "a.b"]) sublist.insert(interest(one));
  assertEquals(subjects(sublist, "a.*"), ["a.*", "a.>"]);
});

Deno.test("Sublist.insert() refuses empty tokens and what follows >", () => {
  const sublist = new Sublist<Interest>();
  for (const subject of ["", ".a", "a.", "a..b", "a.>.b", ">.a"]) {
    assertEquals(sublist.insert(interest(subject)), false, subject);
  }
  assertEquals(sublist.size, 0);
});

Deno.test("Sublist gathers a queue group by its name alone", () => {
  const sublist = new Sublist<Interest>();
  for (const one of ["a.b", "a.*", ">"]) sublist.insert(interest(one, "workers"));
  sublist.insert(interest("a.b", "others"));
  const { plain, groups } = sublist.match("a.b");
  assertEquals(plain, []);
  assertEquals(groups.map((group) => group.length).sort(), [1, 3]);
});

Deno.test("Sublist keeps a snapshot that was given out as it is", () => {
  const sublist = new Sublist<Interest>();
  const one = interest("a");
  sublist.insert(one);
  const before = sublist.match("a");
  sublist.remove(one);
  assertEquals(before.plain.length, 1);
  assertEquals(sublist.match("a").plain.length, 0);
});

Deno.test("Sublist agrees with the definition through random changes", () => {
  const next = random(7);
  const sublist = new Sublist<Interest>();
  let held: Interest[] = [];
  for (let step = 0; step < 20_000; step++) {
    const action = next(3);
    if (action === 0 || held.length === 0) {
      const one = interest(pattern(next, true), next(3) === 0 ? "xy"[next(2)] : undefined);
      assert(sublist.insert(one));
      held.push(one);
    } else if (action === 1 && held.length > 30) {
      const one = held[next(held.length)]!;
      assert(sublist.remove(one));
      assert(!sublist.remove(one));
      held = held.filter((other) => other !== one);
    } else {
      check(sublist, held, pattern(next, false));
    }
  }
  for (const one of held) assert(sublist.remove(one));
  assertEquals(sublist.size, 0);
});

function check(sublist: Sublist<Interest>, held: readonly Interest[], subject: string): void {
  const expected = held.filter((one) => matches(one.subject, subject));
  const { plain, groups } = sublist.match(subject);
  assertEquals(new Set(plain), new Set(expected.filter(({ queue }) => queue === undefined)));
  assertEquals(plain.length, new Set(plain).size);
  const queues = new Set(expected.map(({ queue }) => queue));
  queues.delete(undefined);
  assertEquals(groups.length, queues.size);
  for (const group of groups) {
    const [{ queue } = interest("")] = group;
    assertEquals(new Set(group), new Set(expected.filter((one) => one.queue === queue)));
  }
}

Deno.test("Sublist comes and goes with 100 000 inboxes and keeps nothing of them", () => {
  const sublist = new Sublist<Interest>();
  const inboxes = Array.from({ length: 100_000 }, (_, i) => interest(`_INBOX.x${i}.y`));
  for (const inbox of inboxes) sublist.insert(inbox);
  for (const inbox of inboxes) assertEquals(sublist.match(inbox.subject).plain.length, 1);
  for (const inbox of inboxes) assert(sublist.remove(inbox));
  assertEquals(sublist.size, 0);
  assertEquals(sublist.match("_INBOX.x1.y").plain.length, 0);
});

Deno.test("isValidSubject() refuses what cannot be subscribed to", () => {
  for (const subject of ["a", "a.*", "a.>", "*", ">", "a*", "a>b.c", "é"]) {
    assert(isValidSubject(subject), subject);
  }
  for (const subject of ["", ".", "a.", ".a", "a..b", ">.a", "a b", "a\t", "a.\n"]) {
    assert(!isValidSubject(subject), subject);
  }
});

Deno.test("overlap() and isSubset() agree with the subjects that patterns match", () => {
  const next = random(3);
  const literals: string[] = [""];
  for (let depth = 0; depth < 4; depth++) {
    for (const known of [...literals]) {
      for (const token of "abcd") literals.push(known === "" ? token : `${known}.${token}`);
    }
  }
  const all = [...new Set(literals)].filter((literal) => literal !== "");
  for (let i = 0; i < 300; i++) {
    const [one, other] = [pattern(next, true), pattern(next, true)];
    const left = all.filter((subject) => matches(one, subject));
    const right = new Set(all.filter((subject) => matches(other, subject)));
    assertEquals(overlap(one, other), left.some((s) => right.has(s)), `${one} ${other}`);
    assertEquals(isSubset(one, other), left.every((s) => right.has(s)), `${one} < ${other}`);
  }
});
