import { NatsBroker } from "@signalbox/nats";
import { TestBroker } from "@signalbox/nats/testing";
import { assertEquals, assertRejects } from "@std/assert";

const NOWHERE = "nats://127.0.0.1:1";

Deno.test("TestBroker.start() takes several brokers, which meet on one server", async () => {
  const [shop, stock] = [1, 2].map(() => new NatsBroker(NOWHERE, { logger: false }));
  stock!.subscriber("stock.{item}", ({ params }) => `5 ${params.item}`);
  shop!.subscriber(
    "buy.{item}",
    async ({ params }) => (await shop!.request(`stock.${params.item}`)).body,
  );
  await using test = await TestBroker.start([shop!, stock!, shop!]);
  assertEquals((await stock!.request("buy.tea")).body, "5 tea");
  assertEquals(test.server.stats().connections, 2);
});

Deno.test("TestBroker.start() takes no broker of a list where one is at work, and leaves that one at work", async () => {
  const [free, busy] = [1, 2].map(() => new NatsBroker(NOWHERE, { logger: false }));
  busy!.subscriber("echo", ({ body }) => body);
  await using _busy = await TestBroker.start(busy!);
  await assertRejects(
    () => TestBroker.start([free!, busy!], { time: "moved" }),
    Error,
    "must not be connected",
  );
  assertEquals((await busy!.request("echo", 1)).body, 1);
  // it was led to the other server, and is not any more
  await using _free = await TestBroker.start(free!);
});

Deno.test("TestBroker.start() refuses a list with something else in it", async () => {
  const start = TestBroker.start as unknown as (given: unknown) => Promise<TestBroker>;
  const broker = new NatsBroker(NOWHERE, { logger: false });
  for (const wrong of [[], [broker, {}], [undefined], [broker, undefined], [[broker]]]) {
    await assertRejects(() => start(wrong), TypeError, "must be given a NatsBroker");
  }
});

Deno.test("TestBroker.start() refuses a second broker that is no part of a list", async () => {
  const brokers = [new NatsBroker(), new NatsBroker()];
  await assertRejects(
    () => TestBroker.start(brokers[0]!, brokers[1] as never),
    TypeError,
    "Cannot start a test as options must be an object, and brokers a list: [object Object]",
  );
});
