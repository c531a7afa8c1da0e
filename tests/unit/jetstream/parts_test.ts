import { assert, assertEquals, assertThrows } from "@std/assert";
import { Agenda } from "../../../src/testing/server/jetstream/agenda.ts";
import { readJson, STRING, UINT64 } from "../../../src/testing/server/jetstream/api/go_json.ts";
import { withoutHeaders } from "../../../src/testing/server/jetstream/header_block.ts";
import { MessageLog } from "../../../src/testing/server/jetstream/stream/message_log.ts";
import { Sequences } from "../../../src/testing/server/jetstream/stream/sequences.ts";
import { takenIn } from "../../../src/testing/server/jetstream/subject_space.ts";
import { SubjectTree } from "../../../src/testing/server/jetstream/stream/subject_tree.ts";
import { readDuration, readTime, writeTime } from "../../../src/testing/server/jetstream/time.ts";
import { isSubset, overlap } from "../../../src/testing/server/subject.ts";
import { seeded } from "../seeded_random.ts";

/** Numbers from 0 up to 1, the same ones for the same seed. */
function chance(seed: number): () => number {
  const random = seeded(seed);
  return () => random(2 ** 30) / 2 ** 30;
}

const NOTHING = new Uint8Array(0);

Deno.test("Agenda gives what is due in order, whatever was put off and taken back", () => {
  const random = chance(7);
  const agenda = new Agenda<number>();
  const known = new Map<number, number>();
  for (let i = 0; i < 5_000; i++) {
    const key = Math.floor(random() * 200);
    if (random() < 0.3) {
      agenda.delete(key);
      known.delete(key);
    } else {
      const time = Math.floor(random() * 1_000);
      agenda.set(key, time);
      known.set(key, time);
    }
  }
  assertEquals(agenda.size, known.size);
  let last = -1;
  for (let key = agenda.take(1_000); key !== undefined; key = agenda.take(1_000)) {
    const time = known.get(key)!;
    assertEquals(time >= last, true);
    known.delete(key);
    last = time;
  }
  assertEquals([known.size, agenda.next], [0, undefined]);
});

Deno.test("Sequences finds its neighbours while the first and others go", () => {
  const random = chance(3);
  const sequences = new Sequences();
  let known: number[] = [];
  for (let seq = 1; seq < 3_000; seq++) {
    sequences.push(seq);
    known.push(seq);
    if (random() < 0.6) {
      const gone = random() < 0.7 ? known[0]! : known[Math.floor(random() * known.length)]!;
      sequences.remove(gone);
      known = known.filter((one) => one !== gone);
    }
    const at = Math.floor(random() * seq);
    assertEquals(sequences.atOrAfter(at), known.find((one) => one >= at));
    assertEquals(sequences.atOrBefore(at), known.findLast((one) => one <= at));
    assertEquals(sequences.countFrom(at), known.filter((one) => one >= at).length);
  }
  assertEquals(sequences.all(), known);
});

Deno.test("SubjectTree matches as wildcards do, and keeps no branch of what is gone", () => {
  const random = chance(5);
  const tree = new SubjectTree<number>();
  const known = new Map<string, number>();
  const token = () => "abc"[Math.floor(random() * 3)]!;
  const subject = () => Array.from({ length: 1 + Math.floor(random() * 3) }, token).join(".");
  for (let i = 0; i < 500; i++) {
    const one = subject();
    if (random() < 0.4) {
      tree.delete(one);
      known.delete(one);
    } else {
      tree.set(one, i);
      known.set(one, i);
    }
    assertEquals(tree.get(one), known.get(one));
  }
  for (const filter of [">", "a.>", "*", "*.b", "a.*.c", "*.*.>", "a.b", "d.>"]) {
    const wanted = [...known].filter(([one]) => isSubset(one, filter)).sort();
    assertEquals(tree.match(filter).sort(), wanted, filter);
  }
  for (const one of known.keys()) tree.delete(one);
  assertEquals([tree.size, tree.nodes], [0, 0]);
});

Deno.test("takenIn() finds what overlaps, and nothing of what was given back", () => {
  const random = chance(11);
  const token = () => ["a", "b", "*"][Math.floor(random() * 3)]!;
  const subject = () => {
    const tokens = Array.from({ length: 1 + Math.floor(random() * 3) }, token);
    return [...tokens, ...random() < 0.2 ? [">"] : []].join(".");
  };
  const space = new SubjectTree<string>();
  const known = new Set<string>();
  for (let i = 0; i < 2_000; i++) {
    const one = subject();
    const others = [...known].filter((other) => overlap(one, other));
    const found = takenIn(space, one);
    assert(found === undefined ? others.length === 0 : others.includes(found), one);
    if (others.length === 0) {
      space.set(one, one);
      known.add(one);
    } else if (random() < 0.5) {
      for (const other of others) {
        space.delete(other);
        known.delete(other);
      }
    }
  }
});

Deno.test("MessageLog counts, finds and forgets", () => {
  const random = chance(13);
  const log = new MessageLog(1, () => 1);
  let known: { seq: number; subject: string; time: number }[] = [];
  for (let i = 0; i < 2_000; i++) {
    const subject = `a.${Math.floor(random() * 40)}`;
    const message = { seq: log.last + 1, subject, headers: "", body: NOTHING, time: i * 10 };
    log.append(message);
    known.push(message);
    if (random() < 0.5) {
      const { seq } = known[random() < 0.5 ? 0 : Math.floor(random() * known.length)]!;
      log.remove(seq);
      known = known.filter((one) => one.seq !== seq);
    }
  }
  assertEquals([log.size, log.bytes, log.first], [known.length, known.length, known[0]!.seq]);
  for (const filter of ["", ">", "a.*", "a.7", "a.>", "b"]) {
    const those = known.filter(({ subject }) => filter === "" || isSubset(subject, filter));
    const from = Math.floor(random() * 2_000);
    assertEquals(log.next(filter, from)?.seq, those.find(({ seq }) => seq >= from)?.seq, filter);
    assertEquals(log.countFrom(filter, from), those.filter(({ seq }) => seq >= from).length);
    assertEquals(log.lastOf(filter === "" ? ">" : filter)?.seq, those.at(-1)?.seq);
    assertEquals(log.sequencesOf(filter), those.map(({ seq }) => seq));
  }
  const time = 12_345;
  assertEquals(log.seqAt(time), known.find((one) => one.time >= time)?.seq);
  assertEquals(log.deleted().length, log.last - log.first + 1 - log.size);
});

Deno.test("readTime() reads back what writeTime() wrote, to the microsecond", () => {
  const random = chance(17);
  for (let i = 0; i < 2_000; i++) {
    const time = Math.round((1.7e12 + random() * 1e11) * 1_000) / 1_000;
    assertEquals(readTime(writeTime(time)), time);
  }
  const second = Date.UTC(2026, 0, 1);
  assertEquals(readTime("2026-01-01T00:00:00.000123Z"), second + 0.123);
  assertEquals(readTime("2026-01-01T00:00:00.000123001Z"), second + 0.124);
  assertEquals(readTime("2026-01-01T00:00:00.0001230001Z"), second + 0.123);
  assertEquals(readTime("2026-02-30T00:00:00Z"), undefined);
  assertEquals(readTime("2026-01-01 00:00:00Z"), undefined);
  assertEquals(readTime("2026-01-01T01:00:00.5+01:00"), Date.UTC(2026, 0, 1) + 500);
});

Deno.test("readDuration() reads what the server reads", () => {
  const read = {
    "1h30m": 5_400_000,
    "1.5s": 1_500,
    "250ms": 250,
    "1µs": 0.001,
    "0": 0,
    "-2s": -2_000,
  };
  for (const [text, wanted] of Object.entries(read)) assertEquals(readDuration(text), wanted, text);
  for (const text of ["", "5", "1d", "1h 30m", "s", "--1s", "9999999999h"]) {
    assertEquals(readDuration(text), undefined, text);
  }
});

Deno.test("readJson() keeps whole numbers within their types, and `__proto__` as data", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const fields = { name: STRING, seq: UINT64 };
  assertEquals(readJson(bytes('{"NAME":"é","seq":5}'), fields), { name: "Ã©", seq: 5 });
  assertEquals(readJson(bytes('{"name":"\\u00e9"}'), fields), { name: "Ã©" });
  const { seq } = readJson(bytes('{"seq":18446744073709551615}'), fields);
  assert(BigInt(JSON.stringify(seq)) < 2n ** 64n);
  for (const text of ['{"seq":-1}', '{"seq":1.0}', '{"seq":1e2}', '{"seq":18446744073709551616}']) {
    assertThrows(() => readJson(bytes(text), fields), TypeError, "cannot unmarshal number");
  }
  assertThrows(() => readJson(bytes('{"__proto__":{}}'), fields), TypeError, "unknown field");
});

Deno.test("withoutHeaders() removes every header of a kind, and all where nothing is left", () => {
  const block =
    "NATS/1.0\r\nNats-Schedule: x\r\nX-A: Nats-Schedule\r\nNats-Schedule-TTL: 5\r\n\r\n";
  assertEquals(withoutHeaders(block, "Nats-Schedule"), "NATS/1.0\r\nX-A: Nats-Schedule\r\n\r\n");
  assertEquals(withoutHeaders("NATS/1.0\r\nNats-Schedule: x\r\n\r\n", "Nats-Schedule"), "");
});
