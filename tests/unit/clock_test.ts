import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { fillRandom, LONGEST_TIMER, platformClock } from "../../src/clock.ts";

Deno.test("platformClock.setTimeout() calls back once, after that many milliseconds", () => {
  using time = new FakeTime();
  const fired: number[] = [];
  platformClock.setTimeout(() => fired.push(platformClock.wallTime()), 50);
  const began = platformClock.wallTime();
  time.tick(49);
  assertEquals(fired, []);
  time.tick(200);
  assertEquals(fired, [began + 50]);
});

Deno.test("platformClock.setTimeout() waits no longer than the platform can, and never fires at once instead", () => {
  using time = new FakeTime();
  let fired = 0;
  platformClock.setTimeout(() => fired++, LONGEST_TIMER * 2);
  time.tick(LONGEST_TIMER - 1);
  assertEquals(fired, 0);
  time.tick(1);
  assertEquals(fired, 1);
});

Deno.test("platformClock.setTimeout() gives a timer that does not fire once cleared, and may be cleared again", () => {
  using time = new FakeTime();
  let fired = 0;
  const timer = platformClock.setTimeout(() => fired++, 1);
  timer.clear();
  timer.clear();
  time.tick(10);
  assertEquals(fired, 0);
});

Deno.test("platformClock.setTimeout() gives a timer that keeps no process alive once it is told so", async () => {
  const url = new URL("../../src/clock.ts", import.meta.url).href;
  const code = `import { platformClock } from ${JSON.stringify(url)};
    platformClock.setTimeout(() => console.log("late"), 600_000).unref();`;
  const { code: exit, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", code],
  }).output();
  assertEquals([exit, new TextDecoder().decode(stdout)], [0, ""]);
});

Deno.test("platformClock.now() goes on where the wall clock is set back", () => {
  const { now } = Date;
  try {
    const began = platformClock.now();
    Date.now = () => now() - 3_600_000;
    assertEquals(platformClock.now() >= began, true);
  } finally {
    Date.now = now;
  }
});

Deno.test("fillRandom() fills all bytes, each time with others", () => {
  const first = fillRandom(new Uint8Array(64));
  assertEquals(first.some((byte) => byte !== 0), true);
  assertEquals(first.join() === fillRandom(new Uint8Array(64)).join(), false);
});
