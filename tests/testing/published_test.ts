import { InvalidSubjectError, type Message, NatsBroker } from "@signalbox/nats";
import { TestBroker } from "@signalbox/nats/testing";
import { assertEquals, assertRejects } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";

const NOWHERE = "nats://127.0.0.1:1";

function newBroker(options = {}): NatsBroker {
  return new NatsBroker(NOWHERE, { logger: false, ...options });
}

Deno.test("TestBroker.published() shows what each broker has published, with parameters and headers", async () => {
  const [shop, stock] = [newBroker(), newBroker()];
  stock.subscriber("stock.{item}", { publishTo: "sold.{item}" }, ({ params }) => params.item);
  await using test = await TestBroker.start([shop, stock]);
  await shop.publish("orders.7.placed", { total: 12 }, { headers: { tenant: "eu" } });
  await shop.publish("orders.8.placed", "text", { replyTo: "answers" });
  await shop.request("stock.tea", new Uint8Array([1, 2]));

  const placed = await test.published("orders.{id}.placed");
  assertType<IsExact<typeof placed, readonly Message<unknown, { readonly id: string }>[]>>(true);
  assertEquals(placed.map(({ params, body }) => [params.id, body]), [["7", { total: 12 }], [
    "8",
    "text",
  ]]);
  assertEquals(placed[0]?.headers.get("tenant"), "eu");
  assertEquals(placed.map(({ replyTo }) => replyTo), [undefined, "answers"]);
  const [sold] = await test.published("sold.tea");
  assertEquals(sold?.body, "tea");
  assertEquals((await test.published("stock.*")).map(({ body }) => body), [new Uint8Array([1, 2])]);
  assertEquals(await test.published("orders"), []);
  assertEquals((await test.published(">")).length, 5);
});

Deno.test("TestBroker.published() shows what was published un-awaited, in an outage, and with moved time", async () => {
  for (const time of ["real", "moved"] as const) {
    const broker = newBroker();
    await using test = await TestBroker.start(broker, { time });
    void broker.publish("told", 1);
    assertEquals((await test.published("told")).length, 1);
    const events = broker.events();
    test.server.disconnect();
    await test.published("told");
    // by the plain line a message that was given to the client before may be lost, and a flush says so
    for await (const { type } of events) if (type === "disconnected") break;
    await broker.publish("told", 2);
    await test.published("told");
    if (time === "moved") await test.advance("1m");
    else await broker.flush();
    assertEquals((await test.published("told")).map(({ body }) => body), [1, 2]);
  }
});

Deno.test("TestBroker.published() shows nothing that the server refuses", async () => {
  const broker = newBroker({ auth: { user: "a", password: "b" } });
  const users = [{ user: "a", password: "b", permissions: { publish: ["open"] } }];
  await using test = await TestBroker.start(broker, { users });
  await broker.publish("secret", 1);
  await broker.publish("open", 2);
  assertEquals((await test.published(">")).map(({ subject }) => subject), ["open"]);
});

Deno.test("TestBroker.published() decodes by the codecs of the brokers", async () => {
  const codec = {
    encode: (value: unknown) => new TextEncoder().encode(`<${value}>`),
    decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes).slice(1, -1),
  };
  const codecs = { "application/own": codec };
  const broker = newBroker({ codecs, contentType: "application/own" });
  await using test = await TestBroker.start([newBroker(), broker]);
  await broker.publish("told", { toString: () => "own" });
  assertEquals((await test.published("told"))[0]?.body, "own");
});

Deno.test("TestBroker.published() refuses an invalid pattern", async () => {
  await using test = await TestBroker.start(newBroker());
  await assertRejects(() => test.published("a..b"), InvalidSubjectError, "must not be empty");
});

Deno.test("TestBroker.published() does not wait for the end of an outage that has just begun", async () => {
  const broker = newBroker();
  await using test = await TestBroker.start(broker, { time: "moved" });
  test.server.pause();
  await broker.publish("told", 1);
  assertEquals(await test.published("told"), []);
  test.server.resume();
});
