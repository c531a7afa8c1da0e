import { assertEquals } from "@std/assert";
import { lie } from "./hostile_peer/run.ts";

Deno.test("NatsBroker bears peers that lie in every frame, and serves all others meanwhile", async () => {
  const { line, faults } = await lie({ from: 1, seeds: 300, together: 150 });
  assertEquals(faults, [], line);
});
