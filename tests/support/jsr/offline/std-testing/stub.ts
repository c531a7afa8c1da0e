// deno-lint-ignore-file no-explicit-any -- the defaults of a stub stand for any method
import { MockError } from "./mock_error.ts";
import { replaceMethod } from "./replace_method.ts";
import type { MethodSpy, ParametersOf, ReturnOf } from "./spy.ts";

/** A spy on a method, with another function in its place. */
export interface Stub<Self = any, Args extends unknown[] = any[], Return = any>
  extends MethodSpy<Self, Args, Return> {
  fake: (this: Self, ...args: Args) => Return;
}

export function stub<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
  func?: (this: Self, ...args: ParametersOf<Self, Prop>) => ReturnOf<Self, Prop>,
): Stub<Self, ParametersOf<Self, Prop>, ReturnOf<Self, Prop>>;
export function stub(
  self: any,
  property: PropertyKey,
  fake: (...args: any[]) => any = () => undefined,
): Stub {
  if (self[property] !== undefined && typeof self[property] !== "function") {
    throw new MockError("Cannot stub: property is not an instance method");
  }
  return Object.assign(replaceMethod(self, property, fake), { fake });
}
