import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { type HeaderFields, NatsRouter, type Publisher } from "@signalbox/nats";
import { MessageHeaders, pairsOf } from "../../../src/message/headers.ts";
import { checkPublisher, mergeHeaders, PublisherCalls } from "../../../src/sending/publisher.ts";
import type { PublisherOptions } from "../../../src/sending/publisher_types.ts";

Deno.test("mergeHeaders() gives the one side as it is where there is no other", () => {
  const fields = { a: "1" };
  assertStrictEquals(mergeHeaders(fields, undefined), fields);
  assertStrictEquals(mergeHeaders(undefined, fields), fields);
  assertStrictEquals(mergeHeaders(undefined, undefined), undefined);
});

Deno.test("mergeHeaders() lets a message's header replace the publisher's in any case", () => {
  const merged = mergeHeaders({ "X-A": ["1", "2"], "X-B": "3" }, { "x-a": "4", "X-C": "5" })!;
  assertEquals(pairsOf(merged), [["X-B", "3"], ["x-a", "4"], ["X-C", "5"]]);
});

Deno.test("mergeHeaders() takes objects, pairs and received headers alike", () => {
  const expected = [["a", "1"], ["b", "2"], ["b", "3"]] as const;
  const constants = [{ a: "1", B: "0" }, [["a", "1"], ["B", "0"]] as const];
  const owns = [{ b: ["2", "3"] }, MessageHeaders.from([["b", "2"], ["b", "3"]])];
  for (const constant of constants) {
    for (const own of owns) assertEquals(pairsOf(mergeHeaders(constant, own)!), expected);
  }
});

Deno.test("mergeHeaders() keeps a header where a message gives an empty list of it", () => {
  assertEquals(pairsOf(mergeHeaders({ a: "1" }, { a: [] })!), [["a", "1"]]);
});

Deno.test("mergeHeaders() changes neither side", () => {
  const [constant, own] = [{ a: "1" }, { A: "2" }];
  mergeHeaders(constant, own);
  assertEquals([constant, own], [{ a: "1" }, { A: "2" }]);
});

Deno.test("checkPublisher() names each wrong option and its value", () => {
  const cannot = 'Cannot make a publisher of "orders.{id}" as ';
  const wrong: readonly [unknown, string][] = [
    [{ schema: {} }, `"schema" must be a Standard Schema: [object Object]`],
    [{ replySchema: 5 }, `"replySchema" must be a Standard Schema: 5`],
    [{ headers: "a" }, `"headers" must be an object of text, or pairs [name, value]: "a"`],
    [
      { timeout: -1 },
      `"timeout" must be milliseconds from 0 to 2147483647, or text such as "30s": -1`,
    ],
    [{ params: ["ids"] }, `"params" must be the names of its parameters, id: [object Array]`],
    [{ params: ["id", "id"] }, `"params" must be the names of its parameters, id: [object Array]`],
    [{ params: [] }, `"params" must be the names of its parameters, id: [object Array]`],
    [{ params: "id" }, `"params" must be the names of its parameters, id: "id"`],
    [
      { retries: 3 },
      `an option must be one of params, schema, replySchema, headers, timeout: "retries"`,
    ],
  ];
  for (const [options, rule] of wrong) {
    const check = () => checkPublisher("orders.{id}", options as PublisherOptions);
    assertEquals(assertThrows(check, TypeError).message, cannot + rule);
  }
  checkPublisher("orders.{id}", { params: ["id"], headers: { a: "1" }, timeout: 0 });
  checkPublisher("orders.{id}.{part}", { params: ["part", "id"] });
  checkPublisher("orders", { params: [] });
  const fixed = assertThrows(() => checkPublisher("orders", { params: ["id"] }), TypeError);
  assertEquals(
    fixed.message,
    `Cannot make a publisher of "orders" as "params" must be empty, as it has no parameters: [object Array]`,
  );
});

Deno.test("NatsRouter.publisher() reads from the pattern's type how it is called, or from params", () => {
  const router = new NatsRouter();
  const text: string = "orders.{id}";
  const fixed = router.publisher("orders");
  const pattern = router.publisher("orders.{id}.{part}");
  const named = router.publisher(text, { params: ["id"] });
  const unnamed = router.publisher("orders.all" as string);
  assertType<IsExact<typeof fixed, Publisher>>(true);
  assertType<IsExact<typeof pattern, Publisher<"id" | "part">>>(true);
  assertType<IsExact<typeof named, Publisher<"id">>>(true);
  assertType<IsExact<typeof unnamed, Publisher>>(true);
});

Deno.test("Publisher takes no body only where its body may be undefined", () => {
  type Of<Body> = Parameters<Publisher<"id", Body>["publish"]>["length"];
  assertType<IsExact<Of<unknown>, 1 | 2 | 3>>(true);
  assertType<IsExact<Of<number>, 2 | 3>>(true);
  assertType<IsExact<Of<number | undefined>, 1 | 2 | 3>>(true);
});

Deno.test("NatsRouter.publisher() refuses headers that no message could have", () => {
  const router = new NatsRouter();
  const refused = (headers: object) =>
    assertThrows(() => router.publisher("orders", { headers: headers as never }), TypeError)
      .message;
  assertEquals([
    refused({ "x a": "1" }),
    refused({ "x-a": "1\r\nx-b: 2" }),
    refused({ "x-a": 1 }),
    refused([["x-a"]]),
  ], [
    'Cannot send a header as its name must be printable ASCII without ":": "x a"',
    `Cannot send the header "x-a" as its value must be one line of text: "1\\r\\nx-b: 2"`,
    'Cannot send the header "x-a" as its value must be one line of text: 1',
    "Cannot send headers as each must be [name, value]: [object Array]",
  ]);
});

Deno.test("PublisherCalls gives each message the publisher's headers, even those of an iterator", () => {
  const headers = new Map([["x-a", "1"]]).entries();
  const calls = new PublisherCalls("orders", () => "", headers as Iterable<[string, string]>);
  for (const body of [1, 2]) {
    const { options } = calls.read<{ headers?: HeaderFields }>("publish", [body]);
    assertEquals(pairsOf(options.headers!), [["x-a", "1"]]);
  }
});
