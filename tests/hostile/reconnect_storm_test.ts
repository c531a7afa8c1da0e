import { type BrokerEvent, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";
import { type Manner, UnkindServer } from "../support/unkind_server.ts";

const MANNERS: readonly Manner[] = ["lets in and hangs up", "hangs up at once", "sends garbage"];

function eventsOf(broker: NatsBroker): BrokerEvent[] {
  const events: BrokerEvent[] = [];
  void (async () => {
    for await (const event of broker.events()) events.push(event);
  })();
  return events;
}

function countOf(events: readonly BrokerEvent[], type: BrokerEvent["type"]): number {
  return events.filter((event) => event.type === type).length;
}

/** How many of these times lie within any such span, in milliseconds. */
function mostWithin(span: number, times: readonly number[]): number {
  return Math.max(
    ...times.map((from) => times.filter((at) => at >= from && at < from + span).length),
  );
}

for (const scheme of ["nats", "ws"] as const) {
  for (const manner of MANNERS) {
    Deno.test(`NatsBroker over ${scheme}:// dials ten times in five first delays at most where a server ${manner}, and comes back`, async () => {
      await using server = UnkindServer.start(scheme);
      const reconnect = { minDelay: 100, maxDelay: 300 };
      await using broker = new NatsBroker(server.url, { logger: false, reconnect });
      const events = eventsOf(broker);
      await broker.connect();
      server.manner = manner;
      server.cut();
      await delay(2_000);
      await until("it dials again and again", () => server.dials.length > 4);
      assertLessOrEqual(mostWithin(490, server.dials), 10);
      assertEquals(countOf(events, "closed"), 0);
      server.manner = "serves";
      const before = countOf(events, "connected");
      await until("it is back", () => countOf(events, "connected") > before);
      await broker.flush();
    });
  }
}

Deno.test("NatsBroker dials ten times in ten seconds at most by default, though a server lets it in each time", async () => {
  await using server = UnkindServer.start("nats");
  await using broker = new NatsBroker(server.url, { logger: false });
  const events = eventsOf(broker);
  await broker.connect();
  server.manner = "lets in and hangs up";
  server.cut();
  await delay(10_000);
  assertLessOrEqual(server.dials.length, 11);
  assertGreaterOrEqual(countOf(events, "reconnecting"), 1);
});

Deno.test("NatsBroker tries ten times in five first delays at most where nobody listens", async () => {
  const server = UnkindServer.start("nats");
  await using broker = new NatsBroker(server.url, {
    logger: false,
    reconnect: { minDelay: 100, maxDelay: 300 },
  });
  const times: number[] = [];
  await broker.connect();
  void (async () => {
    for await (const { type } of broker.events()) {
      if (type === "reconnecting") times.push(performance.now());
    }
  })();
  await server[Symbol.asyncDispose]();
  await delay(2_000);
  await until("it tries again and again", () => times.length > 4);
  assertLessOrEqual(mostWithin(490, times), 10);
});

Deno.test("NatsBroker comes back spread over more than a second where a hundred lose one server at once", async () => {
  await using server = UnkindServer.start("nats");
  await using brokers = new AsyncDisposableStack();
  const all = Array.from({ length: 100 }, () => {
    const broker = new NatsBroker(server.url, { logger: false });
    return brokers.use(broker);
  });
  await Promise.all(all.map((broker) => broker.connect()));
  server.dials.length = 0;
  server.cut();
  await until("all are back", () => server.dials.length === 100, { timeout: 30_000 });
  const [first, last] = [Math.min(...server.dials), Math.max(...server.dials)];
  assert(last - first > 1_000, `they came back within ${last - first} ms`);
  assertLessOrEqual(mostWithin(200, server.dials), 50, "they came back in step");
});

Deno.test("NatsBroker dials as often as `reconnect` says, however short that is", async () => {
  await using server = UnkindServer.start("nats");
  const reconnect = { minDelay: 5, maxDelay: 10 };
  await using broker = new NatsBroker(server.url, { logger: false, reconnect });
  await broker.connect();
  server.manner = "lets in and hangs up";
  server.cut();
  await until("it is dialled often", () => server.dials.length > 100);
});
