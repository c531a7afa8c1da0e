// deno-lint-ignore-file no-explicit-any -- replaces methods of any type
import { MockError } from "./mock_error.ts";
import { register, unregister } from "./mock_registry.ts";
import { record } from "./recorder.ts";

type Method = (...args: any[]) => any;

interface Replacement extends Disposable {
  (...args: any[]): any;
  original: Method;
  calls: { args: any[] }[];
  restored: boolean;
  restore(): void;
}

const replacements = new WeakSet<object>();

/** Puts a recording `fake` in the place of a method until it is restored. */
export function replaceMethod(target: any, property: PropertyKey, fake: Method): Replacement {
  const original = target[property];
  if (replacements.has(original)) {
    throw new MockError("Cannot spy: already spying on instance method");
  }
  const descriptor = Object.getOwnPropertyDescriptor(target, property);
  if (descriptor && !descriptor.configurable) {
    throw new MockError("Cannot spy: non-configurable instance method");
  }

  const calls: { args: any[] }[] = [];
  const replacement: Replacement = Object.assign(record(fake, calls), {
    original,
    calls,
    restored: false,
    restore() {
      if (replacement.restored) {
        throw new MockError("Cannot restore: instance method already restored");
      }
      if (descriptor) Object.defineProperty(target, property, descriptor);
      else delete target[property];
      replacement.restored = true;
      unregister(replacement);
    },
    [Symbol.dispose]: () => replacement.restore(),
  });
  Object.defineProperty(target, property, {
    configurable: true,
    enumerable: descriptor?.enumerable ?? false,
    writable: descriptor?.writable ?? false,
    value: replacement,
  });
  replacements.add(replacement);
  register(replacement);
  return replacement;
}
