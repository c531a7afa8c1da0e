import { assert, assertEquals } from "@std/assert";
import { readSlowly } from "./slow_reading.ts";

const MIB = 2 ** 20;

Deno.test("Session.send() is slowed by a slow reader, and memory stays flat on both sides", async () => {
  const [total, rate] = [8_000_000, 4_000_000];
  const { read, writer, before, peak, seconds } = await readSlowly({ total, size: 1_000, rate });
  assertEquals([writer.ended, read], ["complete", total]);
  assert(seconds > 1.5, `${seconds} s`);
  const held = [peak - before, writer.peak - writer.before].map((bytes) => bytes / MIB);
  for (const one of held) assert(one < 8, `${one} MiB`);
});
