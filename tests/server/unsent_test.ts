import {
  type BrokerEvent,
  ConnectionError,
  type Inbox,
  NatsBroker,
  PayloadTooLargeError,
  TimeoutError,
} from "@signalbox/nats";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { delay } from "../support/delay.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { Proxy } from "../support/proxy.ts";
import { meanwhile, steady, within } from "../support/within.ts";

const options = {
  logger: false,
  reconnect: { minDelay: 20, maxDelay: 50 },
  outboxLimit: 2 ** 26,
} as const;
const BODY = "x".repeat(10_000);

type Outage = Extract<BrokerEvent, { type: "disconnected" }>;

/** The way to the server breaks, and is there again at once. */
async function broken(broker: NatsBroker, proxy: Proxy): Promise<Outage> {
  const events = broker.events();
  proxy.cut();
  for await (const event of events) if (event.type === "disconnected") return event;
  throw new Error("Cannot go on as the broker must notice: its events have ended");
}

/** Leaves the events to be read on. */
async function connected(events: AsyncIterableIterator<BrokerEvent>) {
  for (let next; !(next = await events.next()).done;) {
    if (next.value.type === "connected") return next.value;
  }
  throw new Error("Cannot go on as the broker must connect: its events have ended");
}

/** The numbers that arrive, up to and with the last one. */
async function numbersIn(inbox: Inbox, last: number): Promise<number[]> {
  const numbers: number[] = [];
  while (numbers.at(-1) !== last) {
    const message = await inbox.next({ timeout: 10_000 });
    numbers.push(Number(message!.headers.get("n")));
  }
  return numbers;
}

async function withBoth(
  test: (ways: { proxy: Proxy; sending: NatsBroker; inbox: Inbox }) => Promise<void>,
): Promise<void> {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await using reading = new NatsBroker(server.url, options);
  await using sending = new NatsBroker(proxy.url, options);
  await Promise.all([sending.connect(), reading.connect()]);
  await using inbox = await reading.openInbox();
  await test({ proxy, sending, inbox });
}

Deno.test("NatsBroker.publish() sends again what a socket had not taken when it broke, and tells how much may be lost", () =>
  withBoth(async ({ proxy, sending, inbox }) => {
    const count = 3_000;
    const send = (n: number) => sending.publish(inbox.subject, BODY, { headers: { n: `${n}` } });
    for (let n = 0; n < 100; n++) await send(n);
    await sending.flush();
    proxy.stall();
    for (let n = 100; n < count; n++) void send(n);
    await delay(300);
    const { unconfirmed } = await broken(sending, proxy);
    proxy.resume();
    await send(count);
    await assertRejects(() => sending.flush(), ConnectionError, "unconfirmed message");

    const numbers = await numbersIn(inbox, count);
    assertEquals(numbers, [...new Set(numbers)].sort((one, other) => one - other));
    const lost = count + 1 - numbers.length;
    assert(lost <= unconfirmed, `${lost} lost, ${unconfirmed} told of`);
    // the kernel's buffers take some MiB, and what they took is what may be lost
    assert(unconfirmed > 0 && unconfirmed < 1_500, `${unconfirmed} told of`);
  }));

Deno.test("NatsBroker.publish() waits while the socket takes nothing, and goes on with it", () =>
  withBoth(async ({ proxy, sending, inbox }) => {
    const count = 3_000;
    proxy.stall();
    let sent = 0;
    const all = meanwhile(async () => {
      for (; sent < count; sent++) {
        await sending.publish(inbox.subject, BODY, { headers: { n: `${sent}` } });
      }
    });
    const stood = await steady(() => sent);
    assert(stood < count, "all of it was taken");
    proxy.resume();
    await all;
    assertEquals((await numbersIn(inbox, count - 1)).length, count);
  }));

Deno.test("NatsBroker.publish() that waits for a socket goes on when that breaks, as all is held", () =>
  withBoth(async ({ proxy, sending, inbox }) => {
    proxy.stall();
    let sent = 0;
    const all = meanwhile(async () => {
      for (; sent < 1_000; sent++) await sending.publish(inbox.subject, BODY);
    });
    await steady(() => sent);
    await broken(sending, proxy);
    proxy.resume();
    await within("what waits must go on", all);
  }));

Deno.test("NatsBroker.request() that gave up while its socket took nothing is not sent again", () =>
  withBoth(async ({ proxy, sending, inbox }) => {
    proxy.stall();
    for (let sent = 0; sent < 1_500; sent++) void sending.publish("nobody", BODY);
    await assertRejects(
      () => sending.request(inbox.subject, "late", { timeout: 100 }),
      TimeoutError,
    );
    const asked = meanwhile(() => sending.request(inbox.subject, "in time", { timeout: 20_000 }));
    await broken(sending, proxy);
    proxy.resume();
    assertEquals((await inbox.next({ timeout: 10_000 }))?.body, "in time");
    await sending.stop({ timeout: 100 });
    await assertRejects(() => asked);
  }));

Deno.test("BrokerEvent of a broken connection counts what no answer of the server has confirmed", () =>
  withBoth(async ({ proxy, sending }) => {
    for (let sent = 0; sent < 10; sent++) await sending.publish("nobody", sent);
    await sending.flush();
    assertEquals((await broken(sending, proxy)).unconfirmed, 0);
    await sending.flush();
    proxy.stall();
    for (let sent = 0; sent < 7; sent++) await sending.publish("nobody", sent);
    await delay(50);
    assertEquals((await broken(sending, proxy)).unconfirmed, 7);
    proxy.resume();
    await sending.ping();
  }));

Deno.test("NatsBroker.flush() rejects once where messages may be lost, whether it began before or after", () =>
  withBoth(async ({ proxy, sending }) => {
    proxy.stall();
    for (let sent = 0; sent < 3; sent++) await sending.publish("nobody", sent);
    const flushes = [1, 2].map(() => meanwhile(() => sending.flush({ timeout: 10_000 })));
    await delay(50);
    await broken(sending, proxy);
    proxy.resume();
    for (const flush of flushes) {
      const error = await assertRejects(() => flush, ConnectionError, "3 unconfirmed messages");
      assertEquals(error.reason, "interrupted");
    }
    await sending.flush();
    proxy.stall();
    await sending.publish("nobody", "again");
    await delay(50);
    await broken(sending, proxy);
    proxy.resume();
    await assertRejects(() => sending.flush(), ConnectionError, "1 unconfirmed message");
    await sending.flush();
  }));

Deno.test("BrokerEvent of a broken connection counts nothing once the server has been asked", () =>
  withBoth(async ({ proxy, sending }) => {
    for (let sent = 0; sent < 10; sent++) await sending.publish("nobody", sent);
    // it asks within a second
    await delay(3_300);
    assertEquals((await broken(sending, proxy)).unconfirmed, 0);
  }));

Deno.test("NatsBroker leaves a server that stands still for another, however much is to be sent to it", async () => {
  await using one = await NatsServer.start();
  await using other = await NatsServer.start();
  const how = { ...options, pingInterval: 200 };
  await using sending = new NatsBroker([one.url, other.url], how);
  const events = sending.events();
  await sending.connect();
  const { server } = await connected(events);
  const first = one.url.endsWith(server.split(":").at(-1)!) ? one : other;
  await first.suspend();
  for (let sent = 0; sent < 2_000; sent++) void sending.publish("nobody", BODY);
  const next = await within("it must be at the other server", connected(events));
  assert(next.server !== server, `${next.server} again`);
  first.resume();
});

Deno.test("NatsBroker sends what is held but for what a server with another limit does not take", async () => {
  await using server = await NatsServer.start({ config: "max_payload: 100000" });
  await using proxy = await Proxy.start(server.port);
  await using reading = new NatsBroker(server.url, options);
  await using sending = new NatsBroker(proxy.url, options);
  await Promise.all([reading.connect(), sending.connect()]);
  await using inbox = await reading.openInbox();
  const events = sending.events();
  // whoever reads must be there before what is held comes
  await proxy.refuse();
  await server.kill();
  for await (const { type } of events) if (type === "disconnected") break;
  const told = sending.events();
  for (const size of [10, 20, 50_000, 30]) await sending.publish(inbox.subject, "x".repeat(size));
  await server.restart("max_payload: 10000");
  await reading.ping();
  proxy.accept();
  const sizes = [];
  for (let read = 0; read < 3; read++) {
    sizes.push((await inbox.next({ timeout: 10_000 }))!.data.length);
  }
  assertEquals(sizes, [10, 20, 30]);
  for await (const event of told) {
    if (event.type !== "error") continue;
    assertInstanceOf(event.error, PayloadTooLargeError);
    break;
  }
});

Deno.test("NatsBroker comes back though the clock was put back by an hour meanwhile", () =>
  withBoth(async ({ proxy, sending }) => {
    const now = Date.now;
    using _clock = stub(Date, "now", () => now() - 3_600_000);
    await broken(sending, proxy);
    await sending.ping({ timeout: 5_000 });
  }));
