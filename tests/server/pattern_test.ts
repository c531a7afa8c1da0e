import { assertEquals } from "@std/assert";
import { type Message, NatsBroker, NatsRouter } from "@signalbox/nats";
import { TestBroker } from "@signalbox/nats/testing";
import { onEveryServer } from "../support/backends.ts";

/** A schema that takes everything. */
const EVERYTHING = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

onEveryServer(
  "Message.pattern is the pattern of its subscriber, with the prefixes of its routers",
  async (server) => {
    const broker = server.broker();
    const seen: (string | undefined)[] = [];
    const note = ({ pattern }: Message) => pattern;
    const router = new NatsRouter();
    broker.use((message, next) => {
      seen.push(message.pattern);
      return next();
    });
    broker.subscriber("plain", note);
    router.subscriber("orders.{id}", note);
    router.subscriber("orders.{id}.parts", async function* ({ pattern }) {
      yield pattern;
    });
    router.subscriber("checked.{id}", { schema: EVERYTHING }, note);
    broker.include(router, { prefix: "v1." });
    await broker.start();
    const of = async (subject: string) => (await broker.request(subject)).body;
    assertEquals(await of("plain"), "plain");
    assertEquals(await of("v1.orders.7"), "v1.orders.{id}");
    assertEquals(await of("v1.checked.7"), "v1.checked.{id}");
    for await (const { body, pattern } of broker.requestStream("v1.orders.7.parts")) {
      assertEquals([body, pattern], ["v1.orders.{id}.parts", undefined]);
    }
    assertEquals(seen, ["plain", "v1.orders.{id}", "v1.checked.{id}", "v1.orders.{id}.parts"]);
  },
);

onEveryServer(
  "Message.pattern is known to readers and to sessions where they are served, and to nobody else",
  async (server) => {
    const broker = server.broker();
    broker.session("desk.{name}", async (session) => {
      const { pattern } = (await session.next())!;
      await session.send([session.opening.pattern, pattern]);
    });
    const router = new NatsRouter();
    const reader = router.subscriber("logs.{level}");
    broker.include(router, { prefix: "v1." });
    await broker.start();
    await using session = await broker.openSession("desk.Ada");
    await session.send("hello");
    const told = await session.next();
    assertEquals(told?.body, ["desk.{name}", "desk.{name}"]);
    assertEquals([told?.pattern, session.opening.pattern], [undefined, undefined]);
    await using inbox = await broker.openInbox();
    await broker.publish("v1.logs.info");
    await broker.publish(inbox.subject);
    assertEquals((await reader.next())?.pattern, "v1.logs.{level}");
    assertEquals((await inbox.next())?.pattern, undefined);
    broker.subscriber("answer", () => "");
    await broker.start();
    assertEquals((await broker.request("answer")).pattern, undefined);
  },
);

Deno.test("TestBroker.published() gives messages the pattern that they were looked for with", async () => {
  const broker = new NatsBroker();
  await using test = await TestBroker.start(broker);
  await broker.publish("orders.7");
  await broker.flush();
  const [message] = await test.published("orders.{id}");
  assertEquals([message?.pattern, message?.params], ["orders.{id}", { id: "7" }]);
});
