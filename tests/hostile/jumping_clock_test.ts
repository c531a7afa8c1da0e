import { NatsBroker, TimeoutError } from "@signalbox/nats";
import { throttle } from "@signalbox/nats/middleware";
import { TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { clockOf } from "../support/internals.ts";
import { isSettled } from "../support/settled.ts";

const HOUR = 3_600_000;
const NOWHERE = "nats://127.0.0.1:1";

/** A broker with a handler that never answers, one that does, and sessions that echo; what it tells, and its clock. */
async function started() {
  const broker = new NatsBroker(NOWHERE, { logger: false });
  broker.subscriber("mute", () => new Promise(() => {}));
  broker.subscriber("echo", ({ body }) => body);
  broker.session("chat", async (session) => {
    for await (const { body } of session) await session.send(body);
  });
  const test = await TestBroker.start(broker, { time: "moved" });
  const told: string[] = [];
  const reading = (async () => {
    for await (const event of broker.events()) {
      told.push(event.type === "error" ? event.error.message : event.type);
    }
  })();
  return {
    broker,
    test,
    told,
    clock: clockOf(test.server),
    async [Symbol.asyncDispose]() {
      await test.stop();
      await reading;
    },
  };
}

Deno.test("NatsBroker goes by the time that passes, though the wall clock jumps back and forth by hours", async () => {
  await using made = await started();
  const { broker, test, clock, told } = made;
  const session = await broker.openSession("chat");
  const request = broker.request("mute", undefined, { timeout: HOUR });
  const jumps = [-HOUR, 2 * HOUR, -24 * HOUR, 365 * 24 * HOUR];
  for (const jump of jumps) {
    clock.setWallTime(clock.wallTime() + jump);
    await test.advance("10m");
    assertEquals(await isSettled(request), false);
    assertEquals((await broker.request("echo", jump)).body, jump);
    await session.send(jump);
    assertEquals((await session.next())?.body, jump);
  }
  await test.advance("19m");
  assertEquals(await isSettled(request), false);
  await test.advance("1m");
  await assertRejects(() => request, TimeoutError);
  assertEquals([session.state, told], ["open", []]);
  await session.end();
});

Deno.test("NatsBroker that was suspended for an hour tells every request that timed out, and goes on", async () => {
  await using made = await started();
  const { broker, test, clock, told } = made;
  const late = Array.from(
    { length: 100 },
    (_, at) =>
      broker.request("mute", undefined, { timeout: (at + 1) * 30_000 }).catch((error) => error),
  );
  const later = broker.request("mute", undefined, { timeout: 2 * HOUR });
  await test.advance(0);
  await clock.suspend(HOUR);
  await test.advance("1s");
  const errors = await Promise.all(late);
  assertEquals(errors.filter((error) => !(error instanceof TimeoutError)), []);
  assertEquals(await isSettled(later), false);
  assertEquals((await broker.request("echo", 1)).body, 1);
  await test.advance("59m");
  assertEquals(await isSettled(later), false);
  await test.advance("1m");
  await assertRejects(() => later, TimeoutError);
  assertEquals(told, []);
});

Deno.test("NatsBroker that was suspended for an hour goes on with its sessions, in order, and without a storm", async () => {
  await using made = await started();
  const { broker, test, clock, told } = made;
  const sessions = await Promise.all(
    Array.from(
      { length: 50 },
      () => broker.openSession("chat", undefined, { resumeTimeout: 60_000 }),
    ),
  );
  for (const session of sessions) for (const body of [1, 2, 3]) await session.send(body);
  const before = test.server.stats().messagesIn;
  await clock.suspend(HOUR);
  await test.advance("10s");
  const sent = test.server.stats().messagesIn - before;
  for (const session of sessions) {
    assertEquals(session.state, "open");
    for (const body of [4, 5]) await session.send(body);
    const bodies: unknown[] = [];
    while (bodies.length < 5) bodies.push((await session.next())?.body);
    assertEquals(bodies, [1, 2, 3, 4, 5]);
  }
  // some probes each, and their answers, and not one for each of the silences that were slept through
  assert(sent < sessions.length * 60, `${sent} messages`);
  assertEquals(told, []);
  await Promise.all(sessions.map((session) => session.end()));
});

Deno.test("NatsBroker that was suspended for an hour is not dropped by a server that was suspended with it", async () => {
  await using made = await started();
  const { broker, test, clock, told } = made;
  for (let times = 0; times < 5; times++) {
    await clock.suspend(HOUR);
    await test.advance("1m");
    assertEquals((await broker.request("echo", times)).body, times);
  }
  await test.advance("1h");
  assertEquals(told, []);
  assertEquals(test.server.stats().connections, 1);
});

Deno.test("throttle() gives no more than its limit after an hour's suspension, nor for a clock that goes back", async () => {
  const broker = new NatsBroker(NOWHERE, { logger: false });
  const other = new NatsBroker(NOWHERE, { logger: false });
  const shared = throttle({ limit: 3, interval: 1_000 });
  for (const each of [broker, other]) {
    each.subscriber("often", (message) => shared(message, () => Promise.resolve("ok")));
  }
  const passed = async (asking: NatsBroker) => {
    const asked = Array.from({ length: 10 }, () => asking.request("often").then(() => 1, () => 0));
    return (await Promise.all(asked)).reduce<number>((sum, one) => sum + one, 0);
  };
  await using test = await TestBroker.start(broker, { time: "moved" });
  await using behind = await TestBroker.start(other, { time: "moved" });
  const clock = clockOf(test.server);
  assertEquals(await passed(broker), 3);
  await clock.suspend(HOUR);
  assertEquals(await passed(broker), 3);
  // its time is an hour behind, which takes nothing from anyone
  assertEquals(await passed(other), 0);
  await behind.advance("1s");
  assertEquals(await passed(other), 3);
});
