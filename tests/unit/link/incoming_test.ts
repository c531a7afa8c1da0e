import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { platformClock } from "../../../src/clock.ts";
import { TimeoutError } from "../../../src/errors.ts";
import type { FrameCode } from "../../../src/link/frame.ts";
import { type Arrived, Incoming } from "../../../src/link/incoming.ts";

/** What comes in, and the sizes that were read. */
class Stand {
  readonly read: number[] = [];
  frames = 0;
  readonly incoming: Incoming;

  constructor(largest = 10_000) {
    const read = (size: number, frames = 1) => {
      this.read.push(size);
      this.frames += frames;
    };
    this.incoming = new Incoming({ read }, largest, { subject: "a.b", clock: platformClock });
  }

  take(text: string, code: FrameCode = "t", headerBlock?: Uint8Array): boolean {
    const data = new TextEncoder().encode(text);
    return this.incoming.take({ number: 1, code, data, headerBlock });
  }
}

const textOf = (arrived: Arrived | undefined) => arrived && new TextDecoder().decode(arrived.data);

Deno.test("Incoming.next() gives what came in order, and each is read when it is given", async () => {
  const stand = new Stand();
  stand.take("one");
  stand.take("three");
  assertEquals(stand.read, []);
  assertStrictEquals(textOf(await stand.incoming.next()), "one");
  assertEquals(stand.read, [3]);
  assertStrictEquals(textOf(stand.incoming.shift()), "three");
  assertEquals([stand.incoming.shift(), stand.read], [undefined, [3, 5]]);
});

Deno.test("Incoming.next() gives what comes to those who wait, in the order they asked", async () => {
  const stand = new Stand();
  const waits = [stand.incoming.next(), stand.incoming.next()];
  stand.take("a");
  stand.take("bb");
  stand.take("ccc");
  assertEquals((await Promise.all(waits)).map(textOf), ["a", "bb"]);
  assertEquals(stand.read, [1, 2]);
});

Deno.test("Incoming joins pieces, and reads all of them when the body is taken, headers included", async () => {
  const stand = new Stand();
  stand.take("one ", "m");
  stand.take("two ", "m");
  stand.take("3", "h", new Uint8Array(5));
  stand.take("next");
  const arrived = await stand.incoming.next();
  assertEquals([textOf(arrived), arrived?.code, arrived?.size], ["one two 3", "h", 14]);
  assertEquals([textOf(stand.incoming.shift()), stand.read], ["next", [14, 4]]);
});

Deno.test("Incoming takes a body as large as it may be, and none that is larger, in pieces or not", () => {
  assertEquals([new Stand(3).take("abc"), new Stand(3).take("abcd")], [true, false]);
  const stand = new Stand(1_000);
  const [most, more] = ["x".repeat(400), "x".repeat(401)];
  assertEquals([stand.take("x".repeat(600), "m"), stand.take(most), stand.take(most)], [
    true,
    true,
    true,
  ]);
  assertEquals([stand.take("x".repeat(600), "m"), stand.take(more, "m")], [true, false]);
  assertStrictEquals(new Stand(3).take("ab", "h", new Uint8Array(2)), false);
});

Deno.test("Incoming gives what waits after an end, and then nothing", async () => {
  for (const code of ["e", "f"] as const) {
    const stand = new Stand();
    stand.take("a");
    stand.take("", code);
    assertStrictEquals(textOf(await stand.incoming.next()), "a");
    assertStrictEquals(await stand.incoming.next(), undefined);
  }
});

Deno.test("Incoming gives all who wait nothing once it ends", async () => {
  const stand = new Stand();
  const waits = [stand.incoming.next(), stand.incoming.next({ timeout: 60_000 })];
  stand.incoming.end();
  assertEquals(await Promise.all(waits), [undefined, undefined]);
});

Deno.test("Incoming.clear() forgets what waits, and makes nothing of what comes", async () => {
  const stand = new Stand();
  stand.take("a");
  stand.take("piece", "m");
  stand.incoming.clear();
  assertStrictEquals(stand.take("bb"), true);
  assertEquals([await stand.incoming.next(), stand.read], [undefined, [2]]);
});

Deno.test("Incoming.next() throws in time, and a message that comes later is for the next", async () => {
  using time = new FakeTime();
  const stand = new Stand();
  const late = assertRejects(() => stand.incoming.next({ timeout: 50 }), TimeoutError);
  const patient = stand.incoming.next({ timeout: Infinity });
  await time.tickAsync(60);
  await late;
  stand.take("a");
  assertStrictEquals(textOf(await patient), "a");
});

Deno.test("Incoming.next() throws the reason of its signal, at once where that was aborted", async () => {
  const stand = new Stand();
  const reason = new Error("enough");
  const controller = new AbortController();
  const wait = stand.incoming.next({ signal: controller.signal });
  controller.abort(reason);
  assertStrictEquals(await wait.catch((error) => error), reason);
  stand.take("a");
  const { signal } = controller;
  assertStrictEquals(await stand.incoming.next({ signal }).catch((error) => error), reason);
  assertStrictEquals(textOf(stand.incoming.shift()), "a");
});

Deno.test("Incoming.next() loses no message that comes in the turn in which it is aborted", async () => {
  const stand = new Stand();
  const controller = new AbortController();
  const wait = stand.incoming.next({ signal: controller.signal });
  stand.take("a");
  controller.abort();
  assertStrictEquals(textOf(await wait), "a");
});

Deno.test("Incoming.next() refuses what is wrong in a sentence that names it", async () => {
  const stand = new Stand();
  for (const wrong of [{ timeout: -1 }, { timeout: NaN }, { signal: {} }, { sentinel: 1 }]) {
    const options = wrong as Parameters<Incoming["next"]>[0];
    await assertRejects(() => stand.incoming.next(options), TypeError, "Cannot wait for a message");
  }
});

Deno.test("Incoming reads pieces as they come while somebody waits for their body, and no others", async () => {
  const stand = new Stand();
  stand.take("before");
  stand.take("one ", "m");
  stand.take("two ", "m");
  assertEquals([textOf(await stand.incoming.next()), stand.read], ["before", [6]]);
  const wait = stand.incoming.next();
  assertEquals([stand.read, stand.frames], [[6, 8], 3]);
  stand.take("three ", "m");
  assertEquals([stand.read, stand.frames], [[6, 8, 6], 4]);
  stand.take("four");
  assertEquals(textOf(await wait), "one two three four");
  assertEquals([stand.read, stand.frames], [[6, 8, 6, 4], 5]);
});
