import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { platformClock } from "../../../src/clock.ts";
import { Heartbeat } from "../../../src/connection/heartbeat.ts";

/** A line whose server answers as long as the test wants. */
function stage(longestSilence = Infinity) {
  const state = { asked: 0, silent: 0, answers: true, hasEnded: false };
  const line = {
    longestSilence,
    ping(): Promise<void> {
      state.asked++;
      if (state.hasEnded) return Promise.reject(new Error("the connection was closed"));
      return state.answers ? Promise.resolve() : new Promise(() => {});
    },
  };
  return { state, line, silent: () => void state.silent++ };
}

Deno.test("Heartbeat asks once in each interval, and gives nobody up who answers", async () => {
  using time = new FakeTime();
  const { state, line, silent } = stage();
  const heartbeat = new Heartbeat(platformClock, 1_000);
  heartbeat.start(line, silent);
  await time.tickAsync(999);
  assertEquals(state.asked, 0);
  for (let turn = 0; turn < 10; turn++) await time.tickAsync(1_000);
  assertEquals([state.asked, state.silent], [10, 0]);
  heartbeat.stop();
});

Deno.test("Heartbeat gives a server up once, after two questions without an answer", async () => {
  using time = new FakeTime();
  const { state, line, silent } = stage();
  state.answers = false;
  new Heartbeat(platformClock, 1_000).start(line, silent);
  for (let turn = 0; turn < 2; turn++) await time.tickAsync(1_000);
  assertEquals([state.asked, state.silent], [2, 0]);
  for (let turn = 0; turn < 5; turn++) await time.tickAsync(1_000);
  assertEquals([state.asked, state.silent], [2, 1]);
});

Deno.test("Heartbeat counts anew after each answer", async () => {
  using time = new FakeTime();
  const { state, line, silent } = stage();
  const heartbeat = new Heartbeat(platformClock, 1_000);
  heartbeat.start(line, silent);
  for (const answers of [false, true, false, true, false, true]) {
    state.answers = answers;
    await time.tickAsync(1_000);
  }
  assertEquals(state.silent, 0);
  heartbeat.stop();
});

Deno.test("Heartbeat asks a line that tells less sooner", async () => {
  using time = new FakeTime();
  const { state, line, silent } = stage(100);
  const heartbeat = new Heartbeat(platformClock, 60_000);
  heartbeat.start(line, silent);
  for (let turn = 0; turn < 3; turn++) await time.tickAsync(100);
  assertEquals(state.asked, 3);
  heartbeat.stop();
});

Deno.test("Heartbeat.stop() and a new start() ask the line before no more", async () => {
  using time = new FakeTime();
  const [first, second] = [stage(), stage()];
  const heartbeat = new Heartbeat(platformClock, 1_000);
  heartbeat.start(first.line, first.silent);
  heartbeat.start(second.line, second.silent);
  await time.tickAsync(1_000);
  heartbeat.stop();
  await time.tickAsync(10_000);
  assertEquals([first.state.asked, second.state.asked], [0, 1]);
});

Deno.test("Heartbeat outlives the question to a line that has ended", async () => {
  using time = new FakeTime();
  const { state, line, silent } = stage();
  state.hasEnded = true;
  const heartbeat = new Heartbeat(platformClock, 1_000);
  heartbeat.start(line, silent);
  await time.tickAsync(1_000);
  assertEquals([state.asked, state.silent], [1, 0]);
  heartbeat.stop();
});
