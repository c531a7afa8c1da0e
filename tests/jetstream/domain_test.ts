import { NatsBroker } from "@signalbox/nats";
import { jetstream, stream, UnavailableError } from "@signalbox/nats/jetstream";
import {
  assertEquals,
  assertLess,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";

Deno.test("jetstream() works in a domain, and says which one has stored a message", async () => {
  const config = 'jetstream: { store_dir: "streams", domain: hub }';
  await using server = await NatsServer.start({ config });
  await using broker = new NatsBroker(server.url, { logger: false, inboxPrefix: "_SHOP" });
  const far = stream("FAR", { subjects: ["far.{id}"], domain: "hub", declare: "update" });
  const js = jetstream(broker, { domain: "hub" });
  const placed = js.publisher("far.{id}", { stream: far });
  await broker.start();
  const stored = await placed.publish({ id: "1" }, "a");
  assertEquals(stored, { stream: "FAR", seq: 1, duplicate: false, domain: "hub" });
  assertEquals((await js.info(far)).name, "FAR");
  for await (const { body } of js.read(far, { until: "now" })) assertEquals(body, "a");
  const { publish } = broker.permissions();
  assertEquals(
    (publish as readonly string[]).filter((subject) => subject.startsWith("$JS.API.")),
    [],
  );
});

Deno.test("jetstream() says that there is no such domain", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  await using broker = new NatsBroker(server.url, { logger: false });
  jetstream(broker, { streams: [stream("FAR", { domain: "moon" })] });
  const began = performance.now();
  await assertRejects(
    () => broker.start(),
    UnavailableError,
    'the stream "FAR" as JetStream of the domain "moon" must answer',
  );
  // a start waits for two minutes for a leader, and not for a domain that is not there
  assertLess(performance.now() - began, 60_000);
});

Deno.test("jetstream() gives the same object for a broker and a domain, and refuses all else", () => {
  const broker = new NatsBroker("nats://127.0.0.1:1");
  assertStrictEquals(jetstream(broker), jetstream(broker, { streams: [] }));
  assertStrictEquals(jetstream(broker, { domain: "a" }), jetstream(broker, { domain: "a" }));
  assertEquals([jetstream(broker).domain, jetstream(broker, { domain: "a" }).domain], [
    undefined,
    "a",
  ]);
  for (const wrong of [undefined, null, {}, "nats://127.0.0.1"]) {
    assertThrows(() => jetstream(wrong as never), TypeError);
  }
  assertThrows(() => jetstream(broker, { domain: "a.b" }), TypeError);
  assertThrows(() => jetstream(broker, { streams: [{}] as never }), TypeError);
  assertThrows(() => jetstream(broker, { stream: [] } as never), TypeError);
});
