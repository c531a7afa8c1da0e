import { assertEquals } from "@std/assert";
import { MessageHeaders } from "../../../src/door/mod.ts";
import { markedBy, marksOf } from "../../../src/kv/change_marks.ts";

/** A value that names these changes, stored as revision 40, 1 000 seconds after 1970. */
function naming(text: string) {
  const data = new Uint8Array();
  const headers = MessageHeaders.from({ "Signalbox-Changes": text });
  return { subject: "$KV.b.n", data, headers, seq: 40, time: new Date(1_000_900) };
}

const markOf = (writer: string) => ({ writer, count: 1, revision: 40, time: 1_000 });

Deno.test("markedBy() names the writer first, then the others with the revisions that they made", () => {
  const before = naming("b.7,a.2.30.990,c.1.20.950");
  const [name, value] = markedBy({ writer: "a", count: 3 }, before);
  assertEquals([name, value], ["Signalbox-Changes", "a.3,b.7.40.1000,c.1.20.950"]);
  assertEquals(marksOf(naming(value)), [
    { writer: "a", count: 3, revision: 40, time: 1_000 },
    { writer: "b", count: 7, revision: 40, time: 1_000 },
    { writer: "c", count: 1, revision: 20, time: 950 },
  ]);
  assertEquals(markedBy({ writer: "a", count: 1 }, undefined)[1], "a.1");
});

Deno.test("markedBy() names 64 writers at most, the last ones, and those of five minutes", () => {
  const many = Array.from({ length: 80 }, (_, at) => `w${at}.1.${at}.1000`).join(",");
  const named = marksOf(naming(markedBy({ writer: "own", count: 1 }, naming(many))[1]));
  assertEquals(named.map(({ writer }) => writer), [
    "own",
    ...Array.from({ length: 63 }, (_, at) => `w${at}`),
  ]);
  const old = naming("a.1,b.1.30.701,c.1.20.700");
  assertEquals(markedBy({ writer: "own", count: 1 }, old)[1], "own.1,a.1.40.1000,b.1.30.701");
});

Deno.test("marksOf() leaves out what no writer has written", () => {
  assertEquals(marksOf(undefined), []);
  const wrong = ["", "a", "a.", ".1", "a.x", "a.1.2", "a.1.2.x", "a.1.2.3.4", "a.1e3", "ä.1"];
  const long = [`${"a".repeat(33)}.1`, `a.${"9".repeat(16)}`];
  assertEquals(marksOf(naming([...wrong, ...long, "b.1"].join(","))), [markOf("b")]);
  assertEquals(marksOf(naming("a.1,".repeat(100_000))).length, 64);
});
