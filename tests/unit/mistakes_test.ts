import { assert, assertEquals } from "@std/assert";
import { MISTAKES_IN_CALLS } from "../support/mistakes/calls.ts";
import { complaints } from "../support/mistakes/compiled.ts";
import { MISTAKES_IN_HANDLERS } from "../support/mistakes/handlers.ts";
import { HEAD } from "../support/mistakes/program.ts";

/** A longer error is one that nobody reads. */
const LONGEST = 230;

const kinds = Object.entries({ ...MISTAKES_IN_CALLS, ...MISTAKES_IN_HANDLERS });
const mistakes = kinds.flatMap(([, mistakes]) => mistakes);

/** Lines like them without a mistake. */
const RIGHT = [
  'await placed.publish({ id: "7" }, 12);',
  'await opened.publish("at nine");',
  'await named.publish({ id: "7" });',
  'broker.subscriber("orders.{id}", { replySchema: aNumber }, ({ params }) => params.id.length);',
  'broker.subscriber("orders", { replySchema: aNumber }, async () => reply(7));',
  'broker.subscriber("orders", { replySchema: aNumber }, async function* () { yield 7; });',
  'signedIn.subscriber("orders", ({ state }) => state.user.length);',
  'broker.subscriber("orders", () => { throw new Error("no"); }).counts;',
  'broker.subscriber("orders", ({ body }) => JSON.parse(body as string)).counts;',
  'broker.subscriber("orders", ({ body }) => body).counts;',
  'broker.subscriber("orders", async () => {}).counts;',
  'broker.subscriber("orders", async function* () { yield 1; }).counts;',
  '(await broker.subscriber("orders.{id}", { queue: "q" }).next())?.params.id.length;',
  '(await broker.subscriber("orders.{id}", { schema: aNumber }).next())?.body.toFixed();',
  '(await broker.subscriber("orders.{id}").next())?.params.id.length;',
  "signedIn.include(router);",
  "signedIn.include(new NatsRouter<{ user: string }>());",
  "new NatsBroker<{ user: string; tenant: string }>().include(new NatsRouter<Signed>());",
  "new NatsBroker<Signed>().include(router);",
  "await TestBroker.start(new NatsBroker<Signed>());",
  "await TestBroker.start([signedIn, broker, new NatsBroker<Signed>()]);",
  "register(new NatsBroker<Signed>(), door);",
  "broker.subscriber(one, ({ job, params }) => [job.attempt, params.id]);",
  "broker.include(router); inbox.next(); session.next(); list.name; reply; ReplyError; aText;",
];

const lines = [...mistakes.map(([line]) => line), ...RIGHT];
/** One run of the compiler for all of them, as each run takes seconds. */
const said = await complaints(HEAD, lines);

const byLine = new Map(lines.map((line, at) => [line, said[at]!]));

for (const [kind, ofKind] of kinds) {
  Deno.test(`The compiler says one thing of ${kind}, at the right token`, () => {
    const found = ofKind.flatMap(([line]) =>
      byLine.get(line)!.map(({ token, says }) => [line, token, says])
    );
    assertEquals(found, ofKind.map((mistake) => [...mistake]));
  });
}

Deno.test("The compiler says little of each of at least 40 mistakes", () => {
  assert(mistakes.length >= 40, `${mistakes.length}`);
  assertEquals(new Set(mistakes.map(([line]) => line)).size, mistakes.length);
  assertEquals(mistakes.filter(([, , says]) => says.length > LONGEST), []);
});

Deno.test("The compiler says nothing of lines without a mistake", () => {
  assertEquals(RIGHT.flatMap((line) => byLine.get(line)!), []);
});
