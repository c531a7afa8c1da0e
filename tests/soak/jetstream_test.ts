import { assertEquals } from "@std/assert";
import { QUICK } from "./jetstream/plan.ts";
import { runWork } from "./jetstream/run.ts";
import { brokenWork } from "./jetstream/verdict.ts";

Deno.test("consumer() loses nothing, and handles nothing again that was confirmed, while nodes and workers fail in turn", async () => {
  const plan = { ...QUICK, seed: 7 };
  const outcome = await runWork(plan);
  assertEquals(brokenWork(plan, outcome), [], Deno.inspect(outcome, { iterableLimit: 10 }));
});
