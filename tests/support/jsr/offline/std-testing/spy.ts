// deno-lint-ignore-file no-explicit-any -- the defaults of a spy stand for any function
import { MockError } from "./mock_error.ts";
import { record } from "./recorder.ts";
import { replaceMethod } from "./replace_method.ts";

export interface SpyCall<Self = any, Args extends unknown[] = any[], Return = any> {
  args: Args;
  returned?: Return;
  error?: Error;
  self?: Self;
}

/** A function that records its calls. */
export interface Spy<Self = any, Args extends unknown[] = any[], Return = any> {
  (this: Self, ...args: Args): Return;
  original: (this: Self, ...args: Args) => Return;
  calls: SpyCall<Self, Args, Return>[];
  restored: boolean;
  restore(): void;
}

export interface MethodSpy<Self = any, Args extends unknown[] = any[], Return = any>
  extends Spy<Self, Args, Return>, Disposable {}

export type ParametersOf<Self, Prop extends keyof Self> = Self[Prop] extends
  (...args: infer Args) => unknown ? Args : unknown[];

export type ReturnOf<Self, Prop extends keyof Self> = Self[Prop] extends
  (...args: any[]) => infer Return ? Return : unknown;

export function spy<Self = any, Args extends unknown[] = any[], Return = undefined>(): Spy<
  Self,
  Args,
  Return
>;
export function spy<Self, Args extends unknown[], Return>(
  func: (this: Self, ...args: Args) => Return,
): Spy<Self, Args, Return>;
export function spy<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
): MethodSpy<Self, ParametersOf<Self, Prop>, ReturnOf<Self, Prop>>;
export function spy(target?: any, property?: PropertyKey): Spy {
  if (property === undefined) return functionSpy(target ?? (() => undefined));
  if (typeof target[property] !== "function") {
    throw new MockError("Cannot spy: property is not an instance method");
  }
  return replaceMethod(target, property, target[property]);
}

function functionSpy(original: (...args: any[]) => any): Spy {
  const calls: SpyCall[] = [];
  return Object.assign(record(original, calls), {
    original,
    calls,
    restored: false,
    restore() {
      throw new MockError("Cannot restore: function cannot be restored");
    },
  });
}
