import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { type ServiceOptions, serviceSettings } from "../../../src/service/endpoint.ts";

const orders = { name: "orders", version: "1.0.0" };
const NAME = `1 to 255 letters, digits, "-" and "_"`;
const VERSION = `a version such as "1.4.0"`;

function sentenceOf(options: unknown): string {
  return assertThrows(() => serviceSettings(options as ServiceOptions), TypeError).message;
}

/** Options, and the sentence after "Cannot make a service as". */
const WRONG: readonly [unknown, string][] = [
  [undefined, "options must be an object: null"],
  ["orders", `options must be an object: "orders"`],
  [{}, `"name" must be ${NAME}: undefined`],
  [{ name: "orders" }, `"version" must be ${VERSION}: undefined`],
  [{ ...orders, name: "" }, `"name" must be ${NAME}: ""`],
  [{ ...orders, name: "or.ders" }, `"name" must be ${NAME}: "or.ders"`],
  [{ ...orders, name: "orders\n" }, `"name" must be ${NAME}: "orders\\n"`],
  [{ ...orders, name: ">" }, `"name" must be ${NAME}: ">"`],
  [{ ...orders, name: "Größe" }, `"name" must be ${NAME}: "Größe"`],
  [{ ...orders, name: "x".repeat(256) }, `"name" must be ${NAME}: "${"x".repeat(256)}"`],
  [{ ...orders, id: "a b" }, `"id" must be ${NAME}: "a b"`],
  [{ ...orders, version: "1.0" }, `"version" must be ${VERSION}: "1.0"`],
  [{ ...orders, version: "v1.0.0" }, `"version" must be ${VERSION}: "v1.0.0"`],
  [{ ...orders, version: "01.0.0" }, `"version" must be ${VERSION}: "01.0.0"`],
  [{ ...orders, version: 1 }, `"version" must be ${VERSION}: 1`],
  [{ ...orders, description: 5 }, `"description" must be text: 5`],
  [{ ...orders, metadata: null }, `"metadata" must be an object: null`],
  [{ ...orders, metadata: ["a"] }, `"metadata" must be an object: [object Array]`],
  [{ ...orders, metadata: { a: 1 } }, `"metadata.a" must be text: number`],
  [{ ...orders, metadata: { a: undefined } }, `"metadata.a" must be text: undefined`],
  [
    { ...orders, metadata: { _nats_x: "" } },
    `a key of "metadata" must not begin with "_nats": "_nats_x"`,
  ],
  [
    { ...orders, queue: "q" },
    `an option must be one of name, version, description, metadata, id: "queue"`,
  ],
];

for (const [options, sentence] of WRONG) {
  Deno.test(`serviceSettings() refuses: ${sentence.slice(0, 80).trim()}`, () => {
    assertEquals(sentenceOf(options), `Cannot make a service as ${sentence}`);
  });
}

Deno.test("A service has no description, no metadata and an id of its own, if nothing is said", () => {
  const { id, ...settings } = serviceSettings(orders);
  assertEquals(settings, { ...orders, description: "", metadata: {} });
  assertMatch(id, /^[0-9A-Za-z]{22}$/);
  assertNotEquals(id, serviceSettings(orders).id);
});

Deno.test("Every option is kept as it was given", () => {
  const options = {
    name: "Or-ders_2",
    version: "1.0.0-rc.1+build.5",
    description: "Takes orders",
    metadata: { region: "eu", "": "" },
    id: "one",
  };
  assertEquals(serviceSettings(options), options);
});

Deno.test("Metadata cannot be changed once it is set", () => {
  const metadata: Record<string, string> = { region: "eu" };
  const settings = serviceSettings({ ...orders, metadata });
  metadata.region = "us";
  assertEquals(settings.metadata, { region: "eu" });
  assert(Object.isFrozen(settings.metadata));
});

Deno.test("Metadata named as a prototype is a name like any other", () => {
  const metadata = JSON.parse(`{"__proto__":"x"}`);
  assertEquals(
    JSON.stringify(serviceSettings({ ...orders, metadata }).metadata),
    `{"__proto__":"x"}`,
  );
});
