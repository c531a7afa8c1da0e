import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { currentWork, runWithin, type Work } from "../../../src/message/work.ts";

const work = (correlationId: string): Work => ({ correlationId, deadline: Infinity });
const idNow = () => currentWork()?.correlationId;

Deno.test("currentWork() is undefined outside of all handlers", () => {
  assertStrictEquals(currentWork(), undefined);
});

Deno.test("runWithin() gives the input, returns the value, and ends with the call", () => {
  const one = work("one");
  const value = runWithin(one, (input: number) => [input + 1, currentWork()], 1);
  assertEquals(value, [2, one]);
  assertStrictEquals(currentWork(), undefined);
});

Deno.test("runWithin() ends with an exception, too", () => {
  const fail = () => {
    throw new RangeError("x");
  };
  assertThrows(() => runWithin(work("one"), fail, undefined), RangeError, "x");
  assertStrictEquals(currentWork(), undefined);
});

Deno.test("currentWork() stays through whatever a handler waits for, each its own", async () => {
  const handler = async (wait: number) => {
    const seen = [idNow()];
    await new Promise((resolve) => setTimeout(resolve, wait));
    seen.push(idNow());
    await Promise.all([undefined]);
    queueMicrotask(() => seen.push(idNow()));
    await undefined;
    return seen;
  };
  const runs = ["a", "b"].map((id, at) => runWithin(work(id), handler, 5 - 5 * at));
  assertEquals(await Promise.all(runs), [["a", "a", "a"], ["b", "b", "b"]]);
  assertStrictEquals(currentWork(), undefined);
});

Deno.test("runWithin() nests: the inner work is for what is inside alone", () => {
  const inner = () => idNow();
  const outer = () => [idNow(), runWithin(work("inner"), inner, undefined), idNow()];
  assertEquals(runWithin(work("outer"), outer, undefined), ["outer", "inner", "outer"]);
});
