import { NatsBroker, PermissionError } from "@signalbox/nats";
import { jetstream, stream, UnknownOutcomeError } from "@signalbox/nats/jetstream";
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  admin,
  declareStreams,
  inboxPrefix,
  shopBroker,
  startPermitted,
} from "../support/jetstream/permitted.ts";
import { errorsIn, recorded } from "../support/recorded.ts";

const THERE = stream("THERE", { subjects: ["there.{id}"], declare: "create" });

/** An application that publishes to streams that are declared in different ways. */
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

Deno.test("permissions() lists what JetStream needs for the declared streams and publishers", () => {
  const broker = new NatsBroker("nats://127.0.0.1:1", { inboxPrefix });
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
  Deno.test(`permissions() is enough for an application that publishes to streams [${kind}]`, async () => {
    const planned = new NatsBroker("nats://127.0.0.1:1", { inboxPrefix });
    application(planned);
    const permissions = planned.permissions();
    await using server = await startPermitted(kind, permissions);
    await declareStreams(server.url, THERE);
    const broker = shopBroker(server.url);
    const seen = recorded(broker);
    const run = application(broker);
    await broker.start();
    await run();
    assertEquals(errorsIn(seen), []);
    const denied = await assertRejects(() => jetstream(broker).publish("there.x.y", 1));
    assertInstanceOf(denied, PermissionError);
    await broker.stop();
  });

  Deno.test(`JetStream.publish() reports that the server refuses its inbox before it sends a second message [${kind}]`, async () => {
    const permissions = { publish: [">"], subscribe: ["_OTHER.>"] };
    const config = 'permissions { publish: ">", subscribe: "_OTHER.>" }';
    await using server = await startPermitted(kind, permissions, config);
    await declareStreams(server.url, THERE);
    const broker = shopBroker(server.url);
    await broker.start();
    const js = jetstream(broker);
    await assertRejects(() => js.publish("there.1", 1), UnknownOutcomeError);
    await assertRejects(() => js.publish("there.2", 1), Error, "must accept the inbox");
    await broker.stop();
    await using other = new NatsBroker(server.url, { auth: admin, logger: false });
    await other.start();
    // the first may be stored, and the second is not
    assertEquals((await jetstream(other).publish("there.3", 1)).seq, 2);
  });
}
