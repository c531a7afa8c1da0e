import { NatsBroker, NatsRouter } from "@signalbox/nats";
import { EmbeddedServer, TestBroker } from "@signalbox/nats/testing";
import { assertRejects, assertThrows } from "@std/assert";

// what people write who come from elsewhere, and types would refuse; `deno run` does not look at types
const Router = NatsRouter as new (...given: unknown[]) => NatsRouter;
const Broker = NatsBroker as unknown as new (...given: unknown[]) => NatsBroker;

Deno.test("new NatsRouter() refuses a prefix, which belongs to include()", () => {
  for (const given of ["v1.", { prefix: "v1." }]) {
    assertThrows(
      () => new Router(given),
      TypeError,
      'include(new NatsRouter(), { prefix: "v1." })',
    );
  }
});

Deno.test("new NatsBroker() says how it is written where it is given no server", () => {
  const right = 'new NatsBroker("nats://HOST:PORT", options)';
  for (const given of [{ servers: "nats://a:secret@b" }, null, [], new URL("nats://a:secret@b")]) {
    const { message } = assertThrows(() => new Broker(given), TypeError, right);
    if (message.includes("secret")) throw new Error(message);
  }
});

Deno.test("NatsBroker.subscriber() and session() refuse generators that nobody would run", () => {
  const broker = new NatsBroker();
  const refused = (register: () => unknown, right: string) =>
    assertThrows(register, TypeError, right);
  refused(() =>
    broker.subscriber("count", function* () {
      yield 1;
    }), "async function* (message) { … }");
  const session = broker.session.bind(broker) as (pattern: string, handler: unknown) => void;
  refused(() =>
    session("desk", function* () {
      yield 1;
    }), "async (session) => …");
  refused(() =>
    session("desk", async function* () {
      yield await Promise.resolve(1);
    }), "async (session) => …");
});

Deno.test("NatsBroker.subscriber() and session() name a pattern that is no text", () => {
  const broker = new NatsBroker();
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const pattern of [Symbol("orders"), 7, Object.create(null), proxy] as unknown as string[]) {
    assertThrows(() => broker.subscriber(pattern, () => 1), Error, "must be text");
    assertThrows(() => broker.session(pattern, () => {}), Error, "must be text");
    assertThrows(() => broker.publisher(pattern), Error, "must be text");
  }
});

Deno.test("HandlerSubscriber.received() refuses a count that is never reached", async () => {
  const subscriber = new NatsBroker().subscriber("orders", () => {});
  for (const count of [NaN, 0, 1.5, "2"] as number[]) {
    await assertRejects(() => subscriber.received(count), TypeError, '"count" must be');
  }
});

Deno.test("TestBroker.start() refuses what is no broker", async () => {
  const start = TestBroker.start as unknown as (...given: unknown[]) => Promise<TestBroker>;
  for (const given of [undefined, new NatsRouter(), "nats://a:1"]) {
    await assertRejects(() => start(given), TypeError, "must be given a NatsBroker");
  }
});

Deno.test("EmbeddedServer.start() refuses options that are no object", async () => {
  const start = EmbeddedServer.start as unknown as (given: unknown) => Promise<EmbeddedServer>;
  for (const given of [null, 4222, "", [], new Map([["token", "t"]])]) {
    await assertRejects(() => start(given), TypeError, "options must be an object");
  }
});
