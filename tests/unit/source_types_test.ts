import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import type { Given, Message, Params, Source } from "@signalbox/nats";

const ROOT = new URL("../../", import.meta.url);

interface Stored {
  readonly delivery: { readonly seq: number };
}
type One = Source<{ pattern: "orders.{id}"; besides: Stored; batch: false }>;
type List = Source<{ pattern: "orders.{id}"; besides: Stored; batch: true }>;

/** What a program may get wrong, and what the compiler says of it. */
const MISTAKES: readonly (readonly [call: string, says: string])[] = [
  [
    "broker.subscriber(one, ({ params }) => params.ide);",
    "Property 'ide' does not exist on type '{ readonly id: string; }'.",
  ],
  [
    'broker.subscriber("orders.{id}", ({ job }) => job);',
    "Property 'job' does not exist on type 'Message<unknown, { readonly id: string; }, Readonly<Record<string, unknown>>>'.",
  ],
  [
    "broker.subscriber(one, ({ change }) => change);",
    "Property 'change' does not exist on type 'Message<unknown, { readonly id: string; }, Readonly<Record<string, unknown>>> & Job'.",
  ],
  [
    "broker.subscriber(list, ({ body }) => body);",
    `Property 'body' does not exist on type 'readonly GivenBySource<{ pattern: "readings.{room}"; besides: InBatch; batch: true; }, unknown, Readonly<Record<string, unknown>>>[]'.`,
  ],
  [
    "broker.subscriber(one, { schema: aNumber }, ({ body }) => body.length);",
    "Property 'length' does not exist on type 'number'.",
  ],
  [
    "broker.subscriber(list, { schema: aNumber }, ([first]) => first!.body.length);",
    "Property 'length' does not exist on type 'number'.",
  ],
  [
    "broker.subscriber(one, { concurency: 1 }, () => {});",
    "Object literal may only specify known properties, but 'concurency' does not exist in type 'SubscriberOptions<unknown, void, Readonly<Record<string, unknown>>>'. Did you mean to write 'concurrency'?",
  ],
  [
    "broker.subscriber(one);",
    `Argument of type 'Source<{ pattern: "jobs.{id}"; besides: Job; batch: false; }>' is not assignable to parameter of type 'string'.`,
  ],
  [
    "broker.subscriber(one, () => {}, { concurrency: 1 });",
    "Type '() => void' has no properties in common with type 'SubscriberOptions<unknown, unknown, Readonly<Record<string, unknown>>>'.",
  ],
];

Deno.test("Given is the message of a subject, what a source adds to it, or a list", () => {
  type OfSubject = Message<unknown, { readonly id: string }>;
  assertType<IsExact<Given<"orders.{id}">, OfSubject>>(true);
  assertType<IsExact<Given<One>, OfSubject & Stored>>(true);
  assertType<IsExact<Given<List>, readonly (OfSubject & Stored)[]>>(true);
});

Deno.test("Params of several patterns promises no parameter that only some of them have", () => {
  type Both = Params<"orders.{id}" | "bills.{number}">;
  assertType<IsExact<Both, { readonly id: string } | { readonly number: string }>>(true);
});

Deno.test("NatsBroker.subscriber() has one short error for each mistake with a source", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  const from = (file: string) => new URL(file, ROOT).href;
  const lines = [
    `import { NatsBroker } from "@signalbox/nats";`,
    `import { aNumber } from "${from("tests/support/schemas.ts")}";`,
    `import { batches } from "${from("tests/support/sources/batch_source.ts")}";`,
    `import { jobs } from "${from("tests/support/sources/job_source.ts")}";`,
    `const broker = new NatsBroker();`,
    `const one = jobs("shop", "jobs.{id}");`,
    `const list = batches("b", "readings.{room}", { max: 1, within: 1 });`,
  ];
  await Deno.writeTextFile(path, [...lines, ...MISTAKES.map(([call]) => call)].join("\n"));
  const launch = new URL("tests/support/jsr/launch.ts", ROOT).pathname;
  const config = new URL("deno.json", ROOT).pathname;
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", launch, "check", "--quiet", "--config", config, path],
    env: { NO_COLOR: "1" },
  }).output();
  const said = [...new TextDecoder().decode(stderr).matchAll(/^TS(\d+) \[ERROR\]: +(.*)$/gm)]
    // only a hint that belongs to the error before
    .filter(([, code]) => code !== "2793").map(([, , text]) => text);
  await Deno.remove(path);
  assertEquals(said, MISTAKES.map(([, says]) => says));
});
