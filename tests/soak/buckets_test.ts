import { assertEquals } from "@std/assert";
import { counting } from "./buckets/counting.ts";
import { mirroring } from "./buckets/mirroring.ts";

Deno.test("Bucket.change() counts what many writers add while the server is killed", async () => {
  const { line, faults } = await counting({ writers: 16, increments: 8, kills: 3 });
  assertEquals(faults, [], line);
});

Deno.test("Mirror equals a bucket whose server is killed again and again", async () => {
  const { line, faults } = await mirroring({ keys: 500, restarts: 4, changes: 60 });
  assertEquals(faults, [], line);
});
