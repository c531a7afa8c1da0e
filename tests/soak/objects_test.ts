import { assert, assertEquals } from "@std/assert";
import { uploadThroughFaults } from "./objects_through_faults.ts";

const MIB = 2 ** 20;

Deno.test("An object goes in and out through cuts and kills, whole, and by a few chunks at a time", async () => {
  const size = 32 * MIB + 1;
  const result = await uploadThroughFaults({ size, cuts: 8, kills: 2 });
  const { isWhole, left, put, got, cuts, kills } = result;
  assertEquals([isWhole, left, cuts, kills], [true, 0, 16, 4]);
  assert(put.held < 16 * MIB && got.held < 16 * MIB, JSON.stringify(result));
});
