import { assert, assertEquals } from "@std/assert";
import { flood } from "./flooding.ts";

const MIB = 2 ** 20;

Deno.test("NatsBroker.subscriber() stays within its bounds under a flood", async () => {
  const result = await flood({ messages: 100_000, size: 128 });
  const { handled, dropped, reported, told, before, full, after } = result;
  // the one that is not of the flood is the request that was refused
  assertEquals([handled, handled + dropped], [65_536 + 64, 100_001]);
  assertEquals([reported, told], [dropped, "429"]);
  const [held, left] = [full.held - before.held, after.held - before.held];
  assert(held < 96 * MIB, `${Math.round(held / MIB)} MiB are held by what waits`);
  assert(left < 16 * MIB, `${Math.round(left / MIB)} MiB are left`);
});
