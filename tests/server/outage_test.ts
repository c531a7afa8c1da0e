import {
  type BrokerEvent,
  NatsBroker,
  OutboxFullError,
  type RequestOptions,
  TimeoutError,
} from "@signalbox/nats";
import { EmbeddedServer, TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "../support/delay.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { Proxy } from "../support/proxy.ts";
import { recorded } from "../support/recorded.ts";

const options = { logger: false, reconnect: { minDelay: 20, maxDelay: 50 } } as const;

Deno.test("NatsBroker comes back after a SIGKILL, with its handlers and inboxes", async () => {
  await using server = await NatsServer.start();
  await using broker = new NatsBroker(server.url, options);
  broker.subscriber("echo", ({ body }) => body);
  await broker.start();
  await using inbox = await broker.openInbox();
  for (let outage = 1; outage <= 3; outage++) {
    await disconnected(broker, () => server.kill());
    await server.restart();
    assertEquals((await broker.request("echo", outage)).body, outage);
    await broker.publish(inbox.subject, outage);
    assertEquals((await inbox.next({ timeout: 5_000 }))?.body, outage);
  }
});

Deno.test("NatsBroker.publish() holds while disconnected, and sends in order afterwards", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await using reading = new NatsBroker(server.url, options);
  await using sending = new NatsBroker(proxy.url, options);
  await Promise.all([sending.connect(), reading.connect()]);
  await using inbox = await reading.openInbox();
  await cut(sending, proxy);
  const bytes = new Uint8Array(1);
  for (let sent = 0; sent < 200; sent++) {
    // the same bytes again and again: what was given counts, not what is there when it is sent
    bytes[0] = sent;
    await sending.publish(inbox.subject, bytes);
  }
  proxy.accept();
  await sending.publish(inbox.subject, "after");
  await sending.flush();
  for (let sent = 0; sent < 200; sent++) {
    assertEquals((await inbox.next({ timeout: 5_000 }))?.data[0], sent);
  }
  assertEquals((await inbox.next({ timeout: 5_000 }))?.body, "after");
});

Deno.test("NatsBroker.publish() rejects once the outbox is full, and loses nothing", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await using reading = new NatsBroker(server.url, options);
  await using sending = new NatsBroker(proxy.url, { ...options, outboxLimit: 10_000 });
  await Promise.all([sending.connect(), reading.connect()]);
  await using inbox = await reading.openInbox();
  await cut(sending, proxy);
  let taken = 0;
  const error = await assertRejects(async () => {
    for (;; taken++) await sending.publish(inbox.subject, taken);
  }, OutboxFullError);
  assertEquals(error.limit, 10_000);
  assert(taken > 20 && taken < 200, `${taken}`);
  proxy.accept();
  for (let sent = 0; sent < taken; sent++) {
    assertEquals((await inbox.next({ timeout: 5_000 }))?.body, sent);
  }
});

Deno.test("NatsBroker.stop() while disconnected reports what it could not send", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await using broker = new NatsBroker(proxy.url, options);
  await broker.connect();
  await cut(broker, proxy);
  await broker.publish("a", 1);
  await broker.publish("a", 2);
  const events = broker.events();
  await broker.stop({ timeout: 100 });
  const told: string[] = [];
  for await (const event of events) if (event.type === "error") told.push(event.error.message);
  assertEquals(told.filter((message) => message.endsWith("2 lost")).length, 1);
});

Deno.test("NatsBroker.stop() while disconnected sends what is held, if the connection is back in time", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await using reading = new NatsBroker(server.url, options);
  await using broker = new NatsBroker(proxy.url, options);
  await Promise.all([reading.connect(), broker.connect()]);
  await using inbox = await reading.openInbox();
  await cut(broker, proxy);
  await broker.publish(inbox.subject, "last words");
  const stopped = broker.stop({ timeout: 10_000 });
  await delay(100);
  proxy.accept();
  await stopped;
  assertEquals((await inbox.next({ timeout: 5_000 }))?.body, "last words");
});

Deno.test("NatsBroker.stop() while disconnected waits for nothing if nothing is held", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await using broker = new NatsBroker(proxy.url, options);
  await broker.connect();
  await cut(broker, proxy);
  const began = performance.now();
  await broker.stop({ timeout: 10_000 });
  assert(performance.now() - began < 8_000);
});

Deno.test("NatsBroker.stop() while disconnected does not wait for a request that has given up", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await using broker = new NatsBroker(proxy.url, options);
  await broker.connect();
  await cut(broker, proxy);
  const asked = assertRejects(() => broker.request("a", null, { timeout: 100 }), TimeoutError);
  const began = performance.now();
  await broker.stop({ timeout: 10_000 });
  await asked;
  assert(performance.now() - began < 8_000);
});

Deno.test("NatsBroker.request() while disconnected tells the time it has left when it is sent", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await using answering = new NatsBroker(server.url, options);
  answering.subscriber("left", ({ headers }) => Number(headers.get("signalbox-time-left")));
  await answering.start();
  await using asking = new NatsBroker(proxy.url, options);
  await asking.connect();
  await cut(asking, proxy);
  const asked = asking.request("left", null, { timeout: 10_000 });
  await delay(300);
  proxy.accept();
  const left = Number((await asked).body);
  assert(left > 0 && left <= 9_700, `${left} ms`);
});

Deno.test("NatsBroker.request() while disconnected waits for the connection", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await using answering = new NatsBroker(server.url, options);
  answering.subscriber("echo", ({ body }) => body);
  await answering.start();
  await using asking = new NatsBroker(proxy.url, options);
  await asking.connect();
  await cut(asking, proxy);
  const asked = asking.request("echo", "patience", { timeout: 10_000 });
  await delay(50);
  proxy.accept();
  assertEquals((await asked).body, "patience");
});

Deno.test("NatsBroker.request() that gave up while disconnected is never sent", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await using answering = new NatsBroker(server.url, options);
  const handled: unknown[] = [];
  answering.subscriber("orders", ({ body }) => handled.push(body));
  await answering.start();
  await using asking = new NatsBroker(proxy.url, options);
  await asking.connect();
  await cut(asking, proxy);
  const giveUp = (body: string, how: RequestOptions) => asking.request("orders", body, how);
  await assertRejects(() => giveUp("timed out", { timeout: 50 }), TimeoutError);
  const signal = AbortSignal.timeout(50);
  await assertRejects(() => giveUp("aborted", { signal }), DOMException);
  proxy.accept();
  await asking.request("orders", "sent");
  assertEquals(handled, ["sent"]);
});

Deno.test("NatsBroker.openInbox() while disconnected opens after the reconnect", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await using broker = new NatsBroker(proxy.url, options);
  await broker.connect();
  await cut(broker, proxy);
  const signal = AbortSignal.timeout(40);
  await assertRejects(() => broker.openInbox({ signal }), DOMException);
  const opening = broker.openInbox();
  proxy.accept();
  await using inbox = await opening;
  await broker.publish(inbox.subject, "heard");
  assertEquals((await inbox.next({ timeout: 5_000 }))?.body, "heard");
});

Deno.test("NatsBroker comes back soon when its connection is cut again before the server has let it in", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await using broker = new NatsBroker(proxy.url, { ...options, connectTimeout: 30_000 });
  await broker.connect();
  for (const bytes of [1, 20, 100]) {
    await disconnected(broker, () => {
      proxy.cut();
      // in the middle of its CONNECT
      proxy.cutAfter(bytes, "toServer");
    });
    await broker.flush({ timeout: 5_000 });
  }
});

Deno.test("NatsBroker.events() tells an outage from its beginning to its end", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await using broker = new NatsBroker(proxy.url, options);
  const types: BrokerEvent["type"][] = [];
  const events = broker.events();
  await broker.connect();
  const seen = recorded(broker);
  await cut(broker, proxy);
  await until(
    "it must try again and again",
    () => seen.filter(({ type }) => type === "reconnecting").length > 1,
  );
  proxy.accept();
  await broker.flush();
  await broker.stop();
  for await (const { type } of events) types.push(type);
  assertEquals(types.filter((type, at) => type !== types[at - 1]), [
    "connected",
    "disconnected",
    "reconnecting",
    "connected",
    "stopping",
    "closed",
  ]);
});

Deno.test("NatsBroker over a WebSocket tells an outage once, however many dials fail", async () => {
  await using server = await EmbeddedServer.start({ webSocket: true });
  await using broker = new NatsBroker(server.webSocketUrl!, options);
  await broker.connect();
  const events = broker.events();
  server.pause();
  const types: BrokerEvent["type"][] = [];
  const waiting: Promise<void>[] = [];
  for await (const { type } of events) {
    types.push(type);
    // who begins to wait between two dials waits for the same connection as everyone else
    waiting.push(broker.flush({ timeout: 5_000 }));
    if (types.filter((each) => each === "reconnecting").length === 3) server.resume();
    if (type === "connected") break;
  }
  await Promise.all(waiting);
  assertEquals(types.filter((type) => type !== "reconnecting"), ["disconnected", "connected"]);
});

Deno.test("NatsBroker comes back over TCP, WebSocket and memory in one process", async () => {
  await using real = await NatsServer.start({ webSocket: true });
  await using embedded = await EmbeddedServer.start({ webSocket: true });
  const addresses = [real.url, real.webSocketUrl, embedded.url, embedded.webSocketUrl!];
  const brokers = addresses.map((address) => new NatsBroker(address, options));
  const piped = new NatsBroker("nats://unused", options);
  for (const broker of [...brokers, piped]) {
    broker.subscriber(`echo.${brokers.indexOf(broker)}`, ({ body }) => body);
  }
  const test = TestBroker.start(piped);
  await Promise.all(brokers.map((broker) => broker.start()));
  await using memory = await test;
  await using _all = { [Symbol.asyncDispose]: () => stopAll(brokers) };

  for (let outage = 1; outage <= 3; outage++) {
    await disconnected(piped, () => memory.server.pause());
    await Promise.all([real.kill(), embedded.pause()]);
    await Promise.all([real.restart(), delay(outage * 20)]);
    embedded.resume();
    memory.server.resume();
    const all = [...brokers, piped];
    await Promise.all(all.map((broker) => broker.flush({ timeout: 10_000 })));
    const answers = await Promise.all(
      all.map(async (broker) =>
        (await broker.request(`echo.${brokers.indexOf(broker)}`, outage)).body
      ),
    );
    assertEquals(answers, all.map(() => outage));
  }
});

async function stopAll(brokers: readonly NatsBroker[]): Promise<void> {
  await Promise.all(brokers.map((broker) => broker.stop()));
}

/** Cuts the way to the server, and sees to it that the broker has noticed. */
async function cut(broker: NatsBroker, proxy: Proxy): Promise<void> {
  await proxy.refuse();
  await disconnected(broker, () => proxy.cut());
}

async function disconnected(broker: NatsBroker, cause: () => unknown): Promise<void> {
  const events = broker.events();
  await cause();
  for await (const { type } of events) if (type === "disconnected") return;
}
