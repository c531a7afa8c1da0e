import { assertEquals } from "@std/assert";
import { fuzz } from "./fuzz/run.ts";
import { fateOf } from "./fuzz/mischief.ts";
import { seeded } from "../unit/seeded_random.ts";

for (const transport of ["tcp", "webSocket"] as const) {
  Deno.test(`NatsBroker works on through a wire that mutates, drops and cuts, and keeps nothing of it [${transport}]`, async () => {
    const { line, faults } = await fuzz({ seed: 3, rounds: 6, every: 12, transport });
    assertEquals(faults, [], line);
  });
}

Deno.test("fateOf() decides the same for the same seed", () => {
  const chunk = new TextEncoder().encode("PUB a.b 5\r\nhello\r\n");
  const fates = (seed: number) => {
    const random = seeded(seed);
    return Array.from({ length: 200 }, () => fateOf(random, chunk, 2));
  };
  assertEquals(fates(7), fates(7));
  assertEquals(new Set(fates(7).map(({ kind }) => kind)).size, 8);
});
