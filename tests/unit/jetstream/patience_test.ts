import { assertEquals, assertRejects } from "@std/assert";
import { platformClock } from "../../../src/clock.ts";
import { Patience } from "../../../src/jetstream/consumer/patience.ts";

/** A patience whose time the test moves. */
function patienceAt(): {
  patience: Patience;
  trip(milliseconds: number): Promise<void>;
  wait(milliseconds: number): void;
} {
  let now = 1_000;
  const patience = new Patience({ ...platformClock, now: () => now });
  const wait = (milliseconds: number) => void (now += milliseconds);
  const trip = (milliseconds: number) =>
    patience.measure(() => Promise.resolve(wait(milliseconds)));
  return { patience, trip, wait };
}

Deno.test("Patience waits for four round trips, from 100 ms to a second", async () => {
  const { patience, trip } = patienceAt();
  const limits = [patience.limit];
  for (const milliseconds of [1, 60, 1_000, 30]) {
    await trip(milliseconds);
    limits.push(patience.limit);
  }
  assertEquals(limits, [100, 100, 240, 1_000, 120]);
});

Deno.test("Patience.judge() calls a consumer stuck for two seconds where its server is fast", async () => {
  const { patience, trip, wait } = patienceAt();
  await trip(5);
  assertEquals([patience.judge(100), patience.isStuck], [true, true]);
  wait(1_999);
  assertEquals(patience.isStuck, true);
  wait(1);
  assertEquals(patience.isStuck, false);
});

Deno.test("Patience.judge() has a consumer of a slow server asked again until it has had enough time", async () => {
  const { patience, trip } = patienceAt();
  await trip(50);
  assertEquals([patience.judge(100), patience.isStuck], [false, false]);
  await trip(60);
  assertEquals([patience.judge(200), patience.isStuck], [true, true]);
});

Deno.test("Patience keeps its limit over a round trip that fails", async () => {
  const { patience, trip } = patienceAt();
  await trip(60);
  const failing = () => patience.measure(() => Promise.reject(new Error("lost")));
  await assertRejects(failing, Error, "lost");
  assertEquals(patience.limit, 240);
});
