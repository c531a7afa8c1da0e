import { assert, assertEquals, assertMatch } from "@std/assert";
import { endpointName, schemaMetadata } from "../../../src/service/endpoint.ts";

const NAMES: readonly [string, string][] = [
  ["orders", "orders"],
  ["orders.{id}", "orders-id"],
  ["orders.{order_id}.lines.{line}", "orders-order_id-lines-line"],
  ["orders.*", "orders-any"],
  ["orders.>", "orders-all"],
  [">", "all"],
  ["shop/a:b.$x.c", "shop_a_b-_x-c"],
];

for (const [pattern, name] of NAMES) {
  Deno.test(`The endpoint of "${pattern}" is called "${name}"`, () => {
    assertEquals(endpointName(pattern), name);
    assertMatch(endpointName(pattern), /^[A-Za-z0-9_-]+$/);
  });
}

type Write = (options: { target: string }) => Record<string, unknown>;

function schema(input: Write, output: Write) {
  const validate = (value: unknown) => ({ value });
  return { "~standard": { version: 1, vendor: "test", validate, jsonSchema: { input, output } } };
}

const refuse: Write = ({ target }) => {
  throw new Error(`Not ${target}`);
};

Deno.test("Schemas are told as text: what is sent, for the request and for the reply", () => {
  const $schema = "https://json-schema.org/draft/2020-12/schema";
  const order = schema(
    ({ target }) => ({ $schema, title: `sent, ${target}` }),
    ({ target }) => ({ $schema, title: `received, ${target}` }),
  );
  const metadata = schemaMetadata(order, order);
  assertEquals(metadata, {
    "schema.request": `{"title":"sent, draft-2020-12"}`,
    "schema.reply": `{"title":"sent, draft-2020-12"}`,
  });
  assert(Object.isFrozen(metadata));
});

Deno.test("A library that does not know draft-2020-12 is asked for draft-07", () => {
  const write: Write = (options) =>
    options.target === "draft-07" ? { type: "string" } : refuse(options);
  assertEquals(schemaMetadata(schema(write, refuse), undefined), {
    "schema.request": `{"type":"string"}`,
  });
});

Deno.test("A schema is asked as its own method, and may be a function", () => {
  const jsonSchema = {
    type: "number",
    input() {
      return { type: this.type };
    },
  };
  const arktype = Object.assign(() => {}, { "~standard": { jsonSchema } });
  assertEquals(schemaMetadata(arktype, undefined), { "schema.request": `{"type":"number"}` });
});

Deno.test("What has no JSON schema, or throws, or cannot be written, is left out", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const getter = {
    get "~standard"(): never {
      throw new Error("no");
    },
  };
  const without = { "~standard": { version: 1, vendor: "test" } };
  const none = [
    undefined,
    null,
    {},
    without,
    getter,
    schema(refuse, refuse),
    schema(() => cycle, () => cycle),
  ];
  for (const each of none) assertEquals(schemaMetadata(each, each), {});
});
