import { NatsBroker, PermissionError } from "@signalbox/nats";
import { jetstream, stream, UnknownOutcomeError } from "@signalbox/nats/jetstream";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { errorsIn, recorded } from "../support/recorded.ts";

/** What an application does with streams of each way to declare. */
function application(broker: NatsBroker) {
  const made = stream("MADE", { subjects: ["made.{id}"], declare: "update" });
  const verified = stream("THERE", { subjects: ["there.{id}"] });
  const js = jetstream(broker, { streams: [made] });
  const placed = js.publisher("made.{id}");
  const there = js.publisher("there.{id}", { stream: verified });
  return async () => {
    assertEquals((await placed.publish({ id: "1" }, "a")).seq, 1);
    assertEquals((await there.publish({ id: "1" }, "a", { expect: { lastSeq: 0 } })).seq, 1);
    assertEquals((await js.publish("made.2", 1)).seq, 2);
  };
}

async function prepare(url: string): Promise<void> {
  const admin = new NatsBroker(url, { auth: { user: "admin", password: "secret" }, logger: false });
  const streams = [stream("THERE", { subjects: ["there.{id}"], declare: "create" })];
  jetstream(admin, { streams });
  await admin.start();
  await admin.stop();
}

Deno.test("permissions() has what JetStream needs, by the streams and publishers that there are", () => {
  const broker = new NatsBroker("nats://127.0.0.1:1", { inboxPrefix: "_SHOP" });
  application(broker);
  const { publish, subscribe } = broker.permissions();
  assertEquals([publish, subscribe], [
    [
      "$JS.API.STREAM.CREATE.MADE",
      "$JS.API.STREAM.INFO.MADE",
      "$JS.API.STREAM.INFO.THERE",
      "$JS.API.STREAM.UPDATE.MADE",
      "made.*",
      "there.*",
    ],
    ["_SHOP.>"],
  ]);
});

for (const kind of ["nats-server", "embedded"] as const) {
  Deno.test(`An application of JetStream runs with no more than permissions() says [${kind}]`, async () => {
    const planned = new NatsBroker("nats://127.0.0.1:1", { inboxPrefix: "_SHOP" });
    application(planned);
    const permissions = planned.permissions();
    const password = "secret";
    await using server = kind === "embedded"
      ? await EmbeddedServer.start({
        jetstream: true,
        users: [{ user: "admin", password }, { user: "shop", password, permissions }],
      })
      : await NatsServer.start({
        config: `jetstream: { store_dir: "streams" }\nauthorization: { users: [
          { user: admin, password: secret }, { user: shop, password: secret, ${permissions} } ] }`,
      });
    await prepare(server.url);
    const auth = { user: "shop", password };
    const broker = new NatsBroker(server.url, { inboxPrefix: "_SHOP", auth, logger: false });
    const seen = recorded(broker);
    const run = application(broker);
    await broker.start();
    await run();
    assertEquals(errorsIn(seen), []);
    const denied = await assertRejects(() => jetstream(broker).publish("there.x.y", 1));
    assertInstanceOf(denied, PermissionError);
    await broker.stop();
  });

  Deno.test(`JetStream.publish() says that its inbox is refused, before a second message goes out [${kind}]`, async () => {
    const permissions = { publish: [">"], subscribe: ["_OTHER.>"] };
    const password = "secret";
    await using server = kind === "embedded"
      ? await EmbeddedServer.start({
        jetstream: true,
        users: [{ user: "admin", password }, { user: "shop", password, permissions }],
      })
      : await NatsServer.start({
        config: `jetstream: { store_dir: "streams" }\nauthorization: { users: [
          { user: admin, password: secret },
          { user: shop, password: secret, permissions { publish: ">", subscribe: "_OTHER.>" } } ] }`,
      });
    await prepare(server.url);
    const auth = { user: "shop", password };
    const broker = new NatsBroker(server.url, { inboxPrefix: "_SHOP", auth, logger: false });
    await broker.start();
    const js = jetstream(broker);
    await assertRejects(() => js.publish("there.1", 1), UnknownOutcomeError);
    await assertRejects(() => js.publish("there.2", 1), Error, "must accept the inbox");
    await broker.stop();
    const admin = new NatsBroker(server.url, { auth: { user: "admin", password }, logger: false });
    await admin.start();
    // the first may be stored, and the second is not
    assertEquals((await jetstream(admin).publish("there.3", 1)).seq, 2);
    await admin.stop();
  });
}
