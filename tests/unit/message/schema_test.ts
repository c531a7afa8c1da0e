import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { ValidationError } from "../../../src/errors.ts";
import { isSchema, type Schema, type SchemaResult, validate } from "../../../src/message/schema.ts";

type Check<Output> = Schema<Output>["~standard"]["validate"];

function schema<Output>(check: Check<Output>): Schema<Output> {
  return { "~standard": { version: 1, vendor: "test", validate: check } };
}

const failing = (issues: unknown) => schema(() => ({ issues }) as SchemaResult<unknown>);

Deno.test("validate() gives the value as the schema made it, and at once", () => {
  const upper = schema((value) => ({ value: String(value).toUpperCase() }));
  const made = validate(upper, "abc");
  assertType<IsExact<typeof made, string | Promise<string>>>(true);
  assertStrictEquals(made, "ABC");
});

Deno.test("validate() takes a schema that is a function, as arktype's are", () => {
  const type = Object.assign(() => {}, schema((value) => ({ value: [value] })));
  assert(isSchema(type));
  assertEquals(validate(type, 1), [1]);
});

Deno.test("validate() goes by the issues where a value is beside them, as valibot gives both", () => {
  const both = schema((value) => ({ value, issues: [{ message: "too long" }] }));
  const error = assertThrows(() => validate(both, 1), ValidationError);
  assertEquals(error.issues, [{ message: "too long", path: [] }]);
});

Deno.test("validate() takes a value beside issues that are undefined", () => {
  assertStrictEquals(validate(schema((value) => ({ value, issues: undefined })), 7), 7);
});

Deno.test("validate() waits for a schema that is async", async () => {
  const later = schema((value) => Promise.resolve({ value: `${value}!` }));
  const promise = validate(later, "a");
  assertInstanceOf(promise, Promise);
  assertStrictEquals(await promise, "a!");
  const refusing = schema(() => Promise.resolve({ issues: [{ message: "no" }] }));
  await assertRejects(async () => await validate(refusing, 1), ValidationError, "schema: no");
});

Deno.test("validate() passes on what a schema throws", async () => {
  const broken = schema(() => {
    throw new RangeError("broken");
  });
  assertThrows(() => validate(broken, 1), RangeError, "broken");
  const rejecting = schema(() => Promise.reject(new RangeError("broken later")));
  await assertRejects(async () => await validate(rejecting, 1), RangeError, "broken later");
});

Deno.test("validate() writes the path of an issue as text, however it is given", () => {
  const path = ["items", 2, { key: "price" }, Symbol("s"), { key: 0 }];
  const error = assertThrows(() => validate(failing([{ message: "m", path }]), 1), ValidationError);
  assertEquals(error.issues[0]?.path, ["items", "2", "price", "Symbol(s)", "0"]);
  assertStrictEquals(
    error.message,
    `Cannot accept the body as it must fit its schema: m at "items.2.price.Symbol(s).0"`,
  );
});

Deno.test("validate() keeps every issue, and refuses even where the list is empty", () => {
  const two = failing([{ message: "a" }, { message: "b", path: undefined }]);
  const { issues } = assertThrows(() => validate(two, 1), ValidationError);
  assertEquals(issues, [{ message: "a", path: [] }, { message: "b", path: [] }]);
  assertThrows(() => validate(failing([]), 1), ValidationError, "schema: it does not");
});

Deno.test("validate() calls the schema as its own method", () => {
  const standard = {
    version: 1 as const,
    vendor: "test",
    suffix: "!",
    validate(value: unknown) {
      return { value: `${value}${this.suffix}` };
    },
  };
  assertStrictEquals(validate({ "~standard": standard }, "a"), "a!");
});

Deno.test("isSchema() holds for version 1 of the standard and for nothing else", () => {
  const check = () => ({ value: 1 });
  assert(isSchema(schema(check)));
  const others = [
    null,
    undefined,
    "text",
    7,
    {},
    () => {},
    { "~standard": null },
    { "~standard": { version: 2, vendor: "x", validate: check } },
    { "~standard": { version: 1, vendor: "x" } },
    { parse: check },
  ];
  for (const other of others) assertFalse(isSchema(other));
});

Deno.test("validate() says what a schema must give that gives something else", async () => {
  for (const [given, shown] of [[undefined, "undefined"], [true, "true"], [null, "null"]]) {
    const says = `Cannot check a body as its schema must give { value } or a list of { issues }`;
    const odd = schema(() => given as never);
    assertThrows(() => validate(odd, 1), TypeError, `${says}: ${shown}`);
    const late = schema(() => Promise.resolve(given as never));
    await assertRejects(async () => await validate(late, 1), TypeError, `${says}: ${shown}`);
    if (given) assertThrows(() => validate(failing(given), 1), TypeError, `${says}: ${shown}`);
  }
});
