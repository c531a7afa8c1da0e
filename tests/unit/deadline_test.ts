import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { platformClock } from "../../src/clock.ts";
import { setDeadline, within } from "../../src/deadline.ts";
import { TimeoutError } from "../../src/errors.ts";

const never = new Promise<never>(() => {});

/** Counts the listeners of a signal that are there. */
function counted(signal: AbortSignal): () => number {
  let listening = 0;
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listening++;
    add.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listening--;
    remove.apply(signal, args);
  };
  return () => listening;
}

Deno.test("within() settles as the promise does", async () => {
  assertStrictEquals(
    await within(Promise.resolve(7), { clock: platformClock, timeout: 1_000 }, "wait"),
    7,
  );
  const error = new Error("no");
  const rejected = await assertRejects(() =>
    within(Promise.reject(error), {
      clock: platformClock,
      timeout: 1_000,
      signal: new AbortController().signal,
    }, "wait")
  );
  assertStrictEquals(rejected, error);
});

Deno.test("within() gives the promise itself where there is no end to wait for", () => {
  const promise = Promise.resolve(1);
  assertStrictEquals(within(promise, {}, "wait"), promise);
});

Deno.test("within() rejects at the deadline, and not before", async () => {
  using time = new FakeTime();
  let settled: unknown;
  const promise = within(never, { clock: platformClock, timeout: 100 }, `request "a.b"`, "a.b")
    .catch((error) => settled = error);
  await time.tickAsync(99);
  await time.runMicrotasks();
  assertStrictEquals(settled, undefined);
  await time.tickAsync(1);
  await promise;
  const error = settled as unknown as TimeoutError;
  assertEquals([error.name, error.timeout, error.subject], ["TimeoutError", 100, "a.b"]);
  assertEquals(
    error.message,
    `Cannot request "a.b" as it must finish in time: 100 ms have passed`,
  );
});

Deno.test("within() lets a promise that is done already win over a deadline of 0", async () => {
  assertStrictEquals(
    await within(Promise.resolve(1), { clock: platformClock, timeout: 0 }, "wait"),
    1,
  );
  await assertRejects(
    () => within(never, { clock: platformClock, timeout: 0 }, "wait"),
    TimeoutError,
  );
});

Deno.test("within() rejects with the signal's reason as soon as it aborts", async () => {
  for (const reason of [new Error("enough"), "text", 0]) {
    const controller = new AbortController();
    const promise = within(never, {
      clock: platformClock,
      signal: controller.signal,
      timeout: 60_000,
    }, "wait");
    controller.abort(reason);
    const caught = await promise.then(() => "resolved", (error) => error);
    assertStrictEquals(caught, reason);
  }
});

Deno.test("within() rejects at once for a signal that has aborted before", async () => {
  const signal = AbortSignal.abort("gone");
  const caught = await within(Promise.resolve(1), { signal }, "wait").then(
    () => 1,
    (error) => error,
  );
  assertStrictEquals(caught, "gone");
});

Deno.test("within() leaves no rejection unhandled, whoever loses", async () => {
  const unhandled: unknown[] = [];
  const note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", note);
  // one promise each: what handles a rejection for one would handle it for the other
  const late = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const aborted = within(late[0].promise, { signal: AbortSignal.abort("gone") }, "wait");
  const timedOut = within(late[1].promise, { clock: platformClock, timeout: 0 }, "wait");
  await Promise.allSettled([aborted, timedOut]);
  for (const { reject } of late) reject(new Error("late"));
  await new Promise((resolve) => setTimeout(resolve));
  globalThis.removeEventListener("unhandledrejection", note);
  assertEquals(unhandled, []);
});

Deno.test("within() leaves neither a timer nor a listener behind", async () => {
  using time = new FakeTime();
  const controller = new AbortController();
  const listening = counted(controller.signal);
  const patience = { clock: platformClock, timeout: 1_000, signal: controller.signal };
  await within(Promise.resolve(), patience, "wait");
  await within(Promise.reject(0), patience, "wait").catch(() => {});
  const timedOut = within(never, patience, "wait").catch(() => {});
  assertStrictEquals(listening(), 1);
  await time.tickAsync(1_000);
  await timedOut;
  assertEquals([listening(), time.next()], [0, false]);
});

Deno.test("setDeadline() calls back later if it is late, and not at all once cleared meanwhile", async () => {
  const order: string[] = [];
  setDeadline(platformClock, () => order.push("late"), 1);
  const cleared = setDeadline(platformClock, () => order.push("cleared"), 1);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
  setTimeout(() => {
    order.push("at once");
    cleared.clear();
  }, 0);
  await new Promise<void>((resolve) => setDeadline(platformClock, resolve, 100));
  assertEquals(order, ["at once", "late"]);
});

Deno.test("setDeadline() calls back at its time if it is not late", () => {
  using time = new FakeTime();
  let fired = 0;
  const clock = { ...platformClock, now: () => Date.now() };
  setDeadline(clock, () => fired++, 50);
  time.tick(49);
  assertEquals(fired, 0);
  time.tick(1);
  assertEquals(fired, 1);
});
