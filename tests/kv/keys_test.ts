import { InvalidSubjectError } from "@signalbox/nats";
import { keyOf, paramsOf } from "@signalbox/nats/kv";
import { assertEquals, assertThrows } from "@std/assert";

const PATTERN = "{region}.items.{item}";

Deno.test("keyOf() fills a pattern, and encodes what a key cannot hold", () => {
  const key = (item: string) => keyOf(PATTERN, { region: "eu", item });
  assertEquals(
    [
      key("tea"),
      key("green tea"),
      key("a.b"),
      key(""),
      key("=x"),
      key(">"),
      key("ü"),
      key("x/y_z-=1"),
    ],
    [
      "eu.items.tea",
      "eu.items.=Z3JlZW4gdGVh",
      "eu.items.=YS5i",
      "eu.items.=",
      "eu.items.=PXg",
      "eu.items.=Pg",
      "eu.items.=w7w",
      "eu.items.x/y_z-=1",
    ],
  );
});

Deno.test("paramsOf() returns every value that keyOf() was given", () => {
  for (let round = 0; round < 2_000; round++) {
    const length = Math.floor(Math.random() * 6);
    const item = Array.from({ length }, () => String.fromCodePoint(Math.random() * 0xd7ff | 0));
    const params = { region: "eu", item: item.join("") };
    assertEquals(paramsOf(PATTERN, keyOf(PATTERN, params)), params);
  }
});

Deno.test("paramsOf() reads a peer's key unchanged, and gives different keys different values", () => {
  const keys = ["eu.items.=", "eu.items.==", "eu.items.=Zm9v", "eu.items.foo", "eu.items.=_/"];
  const items = keys.map((key) => paramsOf(PATTERN, key)?.item);
  assertEquals(items, ["", "==", "=Zm9v", "foo", "=_/"]);
  assertEquals(paramsOf(PATTERN, "eu.other.tea"), undefined);
  assertEquals(paramsOf(PATTERN, "eu.items"), undefined);
  assertEquals(paramsOf(PATTERN, "eu.items.a b"), undefined);
  assertEquals(paramsOf("{region}.>", "eu.items.tea"), { region: "eu" } as never);
});

Deno.test("keyOf() says what is wrong with a pattern or a value", () => {
  const wrong = (call: () => unknown) => assertThrows(call, InvalidSubjectError).message;
  assertEquals(
    [
      wrong(() => keyOf("a b.{id}", { id: "1" })),
      wrong(() => keyOf("orders.*", {})),
      wrong(() => keyOf("orders.{id}", {} as never)),
      wrong(() => keyOf("orders.{id}", { id: 7 } as never)),
      wrong(() => keyOf("orders.{id}", { id: "\ud800" })),
      wrong(() => keyOf("{id}.{id}", { id: "1" })),
      wrong(() => keyOf("", {})),
      wrong(() => keyOf(7 as never, {} as never)),
      wrong(() => keyOf("orders.{id}", { id: "x".repeat(3_000) })),
    ].map((message) => message.slice(0, 110)),
    [
      'Cannot make a key as a key must be tokens of letters, digits, -, /, _ and =, with dots between them: "a b.{id}"',
      'Cannot make a key as a subject must not contain a wildcard: "orders.*"',
      'Cannot make a key as "id" must be text: undefined',
      'Cannot make a key as "id" must be text: 7',
      'Cannot make a key as "id" must be text: "\\ud800"',
      'Cannot make a key as "id" must occur once: "{id}.{id}"',
      'Cannot make a key as a key must be tokens of letters, digits, -, /, _ and =, with dots between them: ""',
      "Cannot make a key as a key must be tokens of letters, digits, -, /, _ and =, with dots between them: 7",
      'Cannot fill "orders.{id}" as "id" must be one token without blanks and control characters: "xxxxxxxxxxxxxxxxxxxxxx',
    ].map((message) => message.slice(0, 110)),
  );
});
