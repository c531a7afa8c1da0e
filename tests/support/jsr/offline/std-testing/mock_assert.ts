// deno-lint-ignore no-import-prefix -- a package of the loopback registry has no import map
import { assertEquals, AssertionError, assertThrows } from "jsr:@std/assert@^1.0.0";
import type { Spy } from "./spy.ts";

// deno-lint-ignore no-explicit-any -- the defaults stand for any function
export interface ExpectedSpyCall<Self = any, Args extends unknown[] = any[], Return = any> {
  args?: [...Args, ...unknown[]];
  self?: Self;
  returned?: Return;
  error?: {
    // deno-lint-ignore no-explicit-any -- only `any` takes the parameters of every constructor
    Class?: new (...args: any[]) => Error;
    msgIncludes?: string;
  };
}

export function assertSpyCalls<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  expectedCalls: number,
): void {
  const word = spy.calls.length < expectedCalls ? "not called as much as" : "called more than";
  assertEquals(spy.calls.length, expectedCalls, `Spy ${word} expected`);
}

export function assertSpyCall<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  expected: ExpectedSpyCall<Self, Args, Return> = {},
): void {
  const call = spy.calls[callIndex];
  if (!call) throw new AssertionError("Spy not called as much as expected");
  if (expected.args) {
    assertEquals<unknown>(call.args, expected.args, "Spy not called with expected args");
  }
  if ("self" in expected) {
    assertEquals(call.self, expected.self, "Spy not called as method on expected self");
  }
  if ("returned" in expected) {
    if ("error" in expected) {
      throw new TypeError("Do not expect error and return, only one should be expected");
    }
    if (call.error) {
      throw new AssertionError("Spy call did not return expected value, an error was thrown.");
    }
    assertEquals(call.returned, expected.returned, "Spy call did not return expected value");
  }
  if (expected.error) assertError(call, expected.error);
}

function assertError(
  call: { error?: Error },
  { Class = Error, msgIncludes = "" }: NonNullable<ExpectedSpyCall["error"]>,
): void {
  if (!("error" in call)) {
    throw new AssertionError("Spy call did not throw an error, a value was returned.");
  }
  assertThrows(
    () => {
      throw call.error;
    },
    Class,
    msgIncludes,
  );
}
