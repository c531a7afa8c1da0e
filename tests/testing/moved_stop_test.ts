import { NatsBroker, TimeoutError } from "@signalbox/nats";
import { TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { isSettled } from "../support/settled.ts";

const HOUR = 3_600_000;
const NOWHERE = "nats://127.0.0.1:1";

Deno.test("TestBroker.stop() moves the time for handlers that do not end", async () => {
  const broker = new NatsBroker(NOWHERE, { logger: false });
  broker.subscriber("mute", () => new Promise(() => {}));
  const test = await TestBroker.start(broker, { time: "moved" });
  const request = assertRejects(() => broker.request("mute", undefined, { timeout: 24 * HOUR }));
  const began = performance.now();
  await test.stop();
  await request;
  assert(performance.now() - began < 20_000, "it waited for 25 s of real time");
});

Deno.test("TestBroker.stop() leaves a broker in real time, with what it does next in order", async () => {
  const broker = new NatsBroker(NOWHERE, { logger: false });
  broker.subscriber("mute", () => new Promise(() => {}));
  broker.subscriber("echo", ({ body }) => body);
  for (const time of ["moved", "real", "moved"] as const) {
    await using test = await TestBroker.start(broker, { time });
    assertEquals((await broker.request("echo", 1)).body, 1);
    const late = assertRejects(
      () => broker.request("mute", undefined, { timeout: 50 }),
      TimeoutError,
    );
    if (time === "moved") await test.advance("7d");
    await late;
    // the handler would be waited for
    await broker.stop({ timeout: 0 }).catch(() => {});
  }
});

Deno.test("NatsBroker.stop() aborts its handlers when its timeout has passed in moved time", async () => {
  const broker = new NatsBroker(NOWHERE, { logger: false });
  const aborted = Promise.withResolvers<void>();
  broker.subscriber("mute", ({ signal }) => {
    signal.addEventListener("abort", () => aborted.resolve());
    return new Promise(() => {});
  });
  await using test = await TestBroker.start(broker, { time: "moved" });
  const request = assertRejects(() => broker.request("mute", undefined, { timeout: 24 * HOUR }));
  await test.advance(0);
  const stopping = broker.stop({ timeout: HOUR });
  await test.advance("59m");
  assertEquals([await isSettled(aborted.promise), await isSettled(stopping)], [false, false]);
  await test.advance("1m");
  await Promise.all([aborted.promise, stopping, request]);
});
