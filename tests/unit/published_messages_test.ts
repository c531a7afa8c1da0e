import { assertEquals } from "@std/assert";
import { Pattern } from "../../src/subject/subject.ts";
import { PublishedMessages } from "../../src/testing/published_messages.ts";

Deno.test("PublishedMessages drops the oldest beyond its bounds", () => {
  const all = new Pattern(">");
  const add = (kept: PublishedMessages, subject: string, size: number) =>
    kept.add({ subject, reply: "", headerSize: -1, size }, new Uint8Array(size));
  const few = new PublishedMessages({ messages: 10, bytes: 1_000_000 });
  for (let n = 0; n < 25; n++) add(few, `${n}`, 1);
  const left = few.matching(all, undefined).map(({ subject }) => Number(subject));
  assertEquals([left.at(-1), left.length <= 10, left.length >= 9], [24, true, true]);
  const small = new PublishedMessages({ messages: 1_000, bytes: 1_000 });
  for (let n = 0; n < 20; n++) add(small, `${n}`, 300);
  const kept = small.matching(all, undefined).map(({ subject }) => Number(subject));
  assertEquals([kept.at(-1), kept.length], [19, 2]);
});
