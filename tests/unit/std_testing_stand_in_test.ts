import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  assertSpyCall,
  assertSpyCalls,
  MockError,
  resolvesNext,
  restore,
  returnsNext,
  spy,
  stub,
} from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import {
  assertType,
  type Has,
  type IsExact,
  type IsNever,
  type IsNullable,
  type NotHas,
} from "@std/testing/types";

// What these tests say holds for the package and for its stand-in: they run on whichever is there.

const account = () => ({
  balance: 0,
  add(amount: number): number {
    return this.balance += amount;
  },
});

Deno.test("spy() records the calls of a function", () => {
  const double = spy((n: number) => n * 2);
  assertEquals(double(4), 8);
  assertSpyCall(double, 0, { args: [4], returned: 8 });
  assertSpyCalls(double, 1);
  assertThrows(() => assertSpyCalls(double, 2), Error, "not called as much as expected");
  assertThrows(() => assertSpyCall(double, 0, { args: [5] }), Error, "expected args");
  assertThrows(() => assertSpyCall(double, 1), Error, "not called as much as expected");
  assertThrows(() => double.restore(), MockError);
});

Deno.test("spy() records what a function throws", () => {
  const failing = spy(() => {
    throw new TypeError("Cannot do it");
  });
  assertThrows(failing, TypeError);
  assertSpyCall(failing, 0, { error: { Class: TypeError, msgIncludes: "do it" } });
  assertThrows(() => assertSpyCall(failing, 0, { error: { Class: RangeError } }));
});

Deno.test("spy() records the calls of a method until it is disposed of", () => {
  const mine = account();
  const original = mine.add;
  {
    using add = spy(mine, "add");
    assertEquals(mine.add(5), 5);
    assertSpyCall(add, 0, { args: [5], self: mine, returned: 5 });
    assertThrows(() => spy(mine, "add"), MockError);
  }
  assertEquals(mine.add, original);
});

Deno.test("stub() puts another function in the place of a method", () => {
  const mine = account();
  using add = stub(mine, "add", () => 42);
  assertEquals([mine.add(5), mine.balance], [42, 0]);
  assertSpyCalls(add, 1);
});

Deno.test("restore() restores every method at once", () => {
  const [mine, yours] = [account(), account()];
  stub(mine, "add");
  stub(yours, "add");
  restore();
  assertEquals([mine.add(1), yours.add(2)], [1, 2]);
});

Deno.test("returnsNext() and resolvesNext() give their values one by one", async () => {
  const next = returnsNext([1, new RangeError("two")]);
  assertEquals(next(), 1);
  assertThrows(next, RangeError, "two");
  assertThrows(next, MockError, "more than 2");
  const later = resolvesNext([1]);
  assertEquals(await later(), 1);
  await assertRejects(later, MockError);
});

Deno.test("FakeTime runs timers in the order in which they are due", () => {
  using time = new FakeTime(1_000);
  const ran: string[] = [];
  const note = (what: string) => ran.push(`${what}@${Date.now()}`);
  setTimeout(note, 30, "late");
  setTimeout(() => {
    note("early");
    setTimeout(note, 5, "nested");
  }, 10);
  const interval = setInterval(note, 12, "tick");
  const cancelled = setTimeout(note, 1, "never");
  clearTimeout(cancelled);
  time.tick(9);
  assertEquals(ran, []);
  time.tick(16);
  assertEquals(ran, ["early@1010", "tick@1012", "nested@1015", "tick@1024"]);
  clearInterval(interval);
  time.runAll();
  assertEquals(ran.at(-1), "late@1030");
  assertEquals([time.now, new Date().valueOf(), time.next()], [1_030, 1_030, false]);
});

Deno.test("FakeTime.tickAsync() lets promises settle first", async () => {
  using time = new FakeTime();
  let woken = false;
  const sleeping = (async () => {
    await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    woken = true;
  })();
  await time.tickAsync(60_000);
  await sleeping;
  assertEquals(woken, true);
});

Deno.test("FakeTime gives the real time back", async () => {
  const { setTimeout: real, Date: RealDate } = globalThis;
  const time = new FakeTime(0);
  assertEquals(Date.now(), 0);
  assertEquals(await FakeTime.restoreFor(() => globalThis.setTimeout === real), true);
  assertEquals(globalThis.setTimeout === real, false);
  assertThrows(() => new FakeTime(), Error, "already faked");
  time.restore();
  assertEquals([globalThis.setTimeout === real, globalThis.Date === RealDate], [true, true]);
  assertThrows(() => time.restore(), Error, "already restored");
});

Deno.test("FakeTime does not go back", () => {
  using time = new FakeTime(1_000);
  assertThrows(() => time.now = 999, RangeError);
});

Deno.test("IsExact and its kin are decided by the compiler", () => {
  assertType<IsExact<{ a: 1 } & { b?: 2 }, { a: 1; b?: 2 }>>(true);
  assertType<IsExact<{ a: string }, { a: unknown }>>(false);
  assertType<IsExact<string, string | undefined>>(false);
  assertType<IsExact<unknown, never>>(false);
  assertType<Has<string | number, number>>(true);
  assertType<NotHas<string, number>>(true);
  assertType<IsNullable<string | null>>(true);
  assertType<IsNever<never>>(true);
  // deno-lint-ignore no-explicit-any -- that it is told apart is the point
  assertType<IsExact<{ a: any }, { a: string }>>(false);
});

const order: string[] = [];
describe("describe()", () => {
  it("runs it() in order", () => {
    order.push("first");
  });
  it("shares what is around it", () => {
    assertEquals(order, ["first"]);
  });
});
