import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { platformClock } from "../../../src/clock.ts";
import { TimeoutError } from "../../../src/errors.ts";
import {
  beginOutside,
  currentWork,
  runWithin,
  timeWithinWork,
  type Trace,
} from "../../../src/message/work.ts";

const work = (correlationId: string): Trace => ({
  work: { correlationId, subject: "a", clock: platformClock, deadline: Infinity, isOver: false },
});
const idNow = () => currentWork()?.correlationId;

Deno.test("currentWork() is undefined outside of all handlers", () => {
  assertStrictEquals(currentWork(), undefined);
});

Deno.test("runWithin() gives the input, returns the value, and ends with the call", () => {
  const one = work("one");
  const value = runWithin(one, (input: number) => [input + 1, currentWork()], 1);
  assertEquals(value, [2, one.work]);
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

Deno.test("timeWithinWork() is no longer than the handler's caller waits", () => {
  assertStrictEquals(timeWithinWork(50, "a"), 50);
  const left = (timeout: number) =>
    runWithin(soon(false), (t: number) => timeWithinWork(t, "a"), timeout);
  assertStrictEquals(left(50), 50);
  assert((left(60_000) as number) <= 30_000);
  const late = soon(false, -1);
  assertThrows(() => runWithin(late, () => timeWithinWork(50, "a"), undefined), TimeoutError);
});

Deno.test("timeWithinWork() is all that is asked for in what a handler left running", () => {
  assertStrictEquals(runWithin(soon(true), () => timeWithinWork(60_000, "a"), undefined), 60_000);
  const late = soon(true, -1);
  assertStrictEquals(runWithin(late, () => timeWithinWork(50, "a"), undefined), 50);
});

function soon(isOver: boolean, wait = 30_000): Trace {
  const [clock, deadline] = [platformClock, performance.now() + wait];
  return { work: { correlationId: "id", subject: "a", clock, deadline, isOver } };
}

Deno.test("beginOutside() runs outside of every async context, however many begin at once", async () => {
  const ambient = new AsyncLocalStorage<string>();
  const seen = async () => {
    const before = [idNow(), ambient.getStore()];
    await undefined;
    return [...before, idNow(), ambient.getStore()];
  };
  const begun = runWithin(
    work("one"),
    () => ambient.run("a", () => [beginOutside(seen), beginOutside(seen)]),
    undefined,
  ) as Promise<unknown>[];
  const nothing = [undefined, undefined, undefined, undefined];
  assertEquals(await Promise.all(begun), [nothing, nothing]);
  assertEquals(await ambient.run("b", () => beginOutside(seen)), nothing);
});

Deno.test("beginOutside() rejects as what it runs does, or as it throws", async () => {
  await assertRejects(() => beginOutside(() => Promise.reject(new RangeError("x"))), RangeError);
  const fail = () => {
    throw new RangeError("y");
  };
  await assertRejects(() => beginOutside(fail), RangeError, "y");
});
