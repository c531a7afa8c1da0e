import { assertEquals, assertNotStrictEquals } from "@std/assert";
import { asError } from "../../src/legible.ts";

function unreadable(): never {
  throw new Error("a getter's own");
}

Deno.test("asError() gives no proxy on whose stack throws whenever it is read", () => {
  const get = (target: Error, key: string | symbol) =>
    key === "stack" ? unreadable() : Reflect.get(target, key);
  const proxy = new Proxy(new Error("why"), { get });

  const error = asError(proxy);

  assertNotStrictEquals(error, proxy);
  assertEquals(error.message, "A handler threw an error that cannot be read");
});

Deno.test("asError() gives no error on whose stack the program formats, and throws meanwhile", () => {
  const thrown = new Error("why");
  Object.assign(Error, { prepareStackTrace: unreadable });
  try {
    const error = asError(thrown);

    assertNotStrictEquals(error, thrown);
  } finally {
    Reflect.deleteProperty(Error, "prepareStackTrace");
  }
});
