import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { platformClock } from "../../../src/clock.ts";
import { TimeoutError } from "../../../src/errors.ts";
import type { FrameCode } from "../../../src/link/frames/frame.ts";
import { FrameAssembler } from "../../../src/link/ends/frame_assembler.ts";
import type { ReceivedBody } from "../../../src/link/frames/body_frames.ts";

/** What comes in, and the sizes that were read. */
class Stand {
  readonly read: number[] = [];
  /** The memory that each read has freed by itself. */
  readonly freed: (number | undefined)[] = [];
  frames = 0;
  readonly assembler: FrameAssembler;

  constructor(largest = 10_000) {
    const read = (size: number, frames = 1, freed?: number) => {
      this.read.push(size);
      this.freed.push(freed);
      this.frames += frames;
    };
    this.assembler = new FrameAssembler({ read }, largest, {
      subject: "a.b",
      clock: platformClock,
    });
  }

  take(text: string, code: FrameCode = "t", headerBlock?: Uint8Array): boolean {
    const data = new TextEncoder().encode(text);
    return this.assembler.take({ number: 1, code, data, headerBlock });
  }
}

const textOf = (arrived: ReceivedBody | undefined) =>
  arrived && new TextDecoder().decode(arrived.data);

Deno.test("FrameAssembler.next() gives what came in order, and each is read when it is given", async () => {
  const stand = new Stand();
  stand.take("one");
  stand.take("three");
  assertEquals(stand.read, []);
  assertStrictEquals(textOf(await stand.assembler.next()), "one");
  assertEquals(stand.read, [3]);
  assertStrictEquals(textOf(stand.assembler.shift()), "three");
  assertEquals([stand.assembler.shift(), stand.read], [undefined, [3, 5]]);
});

Deno.test("FrameAssembler.shift() tells what each frees, but for the last that waits", () => {
  const stand = new Stand();
  stand.take("one");
  stand.take("three", "h", new Uint8Array(5));
  stand.take("next");
  const held = [stand.assembler.held];
  while (stand.assembler.shift()) held.push(stand.assembler.held);
  const [first, second] = held.map((bytes, at) => bytes - held[at + 1]!);
  assertEquals([stand.freed, held.at(-1)], [[first, second, undefined], 0]);
});

Deno.test("FrameAssembler.next() gives what comes to those who wait, in the order they asked", async () => {
  const stand = new Stand();
  const waits = [stand.assembler.next(), stand.assembler.next()];
  stand.take("a");
  stand.take("bb");
  stand.take("ccc");
  assertEquals((await Promise.all(waits)).map(textOf), ["a", "bb"]);
  assertEquals(stand.read, [1, 2]);
});

Deno.test("FrameAssembler joins pieces, and reads all of them when the body is taken, headers included", async () => {
  const stand = new Stand();
  stand.take("one ", "m");
  stand.take("two ", "m");
  stand.take("3", "h", new Uint8Array(5));
  stand.take("next");
  const arrived = await stand.assembler.next();
  assertEquals([textOf(arrived), arrived?.code, arrived?.size], ["one two 3", "h", 14]);
  assertEquals([textOf(stand.assembler.shift()), stand.read], ["next", [14, 4]]);
});

Deno.test("FrameAssembler takes a body as large as it may be, and none that is larger, in pieces or not", () => {
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

Deno.test("FrameAssembler gives what waits after an end, and then nothing", async () => {
  for (const code of ["e", "f"] as const) {
    const stand = new Stand();
    stand.take("a");
    stand.take("", code);
    assertStrictEquals(textOf(await stand.assembler.next()), "a");
    assertStrictEquals(await stand.assembler.next(), undefined);
  }
});

Deno.test("FrameAssembler gives all who wait nothing once it ends", async () => {
  const stand = new Stand();
  const waits = [stand.assembler.next(), stand.assembler.next({ timeout: 60_000 })];
  stand.assembler.end();
  assertEquals(await Promise.all(waits), [undefined, undefined]);
});

Deno.test("FrameAssembler.clear() forgets what waits, and makes nothing of what comes", async () => {
  const stand = new Stand();
  stand.take("a");
  stand.take("piece", "m");
  stand.assembler.clear();
  assertStrictEquals(stand.take("bb"), true);
  assertEquals([await stand.assembler.next(), stand.read], [undefined, [2]]);
});

Deno.test("FrameAssembler.next() throws in time, and a message that comes later is for the next", async () => {
  using time = new FakeTime();
  const stand = new Stand();
  const late = assertRejects(() => stand.assembler.next({ timeout: 50 }), TimeoutError);
  const patient = stand.assembler.next({ timeout: Infinity });
  await time.tickAsync(60);
  await late;
  stand.take("a");
  assertStrictEquals(textOf(await patient), "a");
});

Deno.test("FrameAssembler.next() throws the reason of its signal, at once where that was aborted", async () => {
  const stand = new Stand();
  const reason = new Error("enough");
  const controller = new AbortController();
  const wait = stand.assembler.next({ signal: controller.signal });
  controller.abort(reason);
  assertStrictEquals(await wait.catch((error) => error), reason);
  stand.take("a");
  const { signal } = controller;
  assertStrictEquals(await stand.assembler.next({ signal }).catch((error) => error), reason);
  assertStrictEquals(textOf(stand.assembler.shift()), "a");
});

Deno.test("FrameAssembler.next() loses no message that comes in the turn in which it is aborted", async () => {
  const stand = new Stand();
  const controller = new AbortController();
  const wait = stand.assembler.next({ signal: controller.signal });
  stand.take("a");
  controller.abort();
  assertStrictEquals(textOf(await wait), "a");
});

Deno.test("FrameAssembler.next() refuses what is wrong in a sentence that names it", async () => {
  const stand = new Stand();
  for (const wrong of [{ timeout: -1 }, { timeout: NaN }, { signal: {} }, { sentinel: 1 }]) {
    const options = wrong as Parameters<FrameAssembler["next"]>[0];
    await assertRejects(
      () => stand.assembler.next(options),
      TypeError,
      "Cannot wait for a message",
    );
  }
});

Deno.test("FrameAssembler reads pieces as they come while somebody waits for their body, and no others", async () => {
  const stand = new Stand();
  stand.take("before");
  stand.take("one ", "m");
  stand.take("two ", "m");
  assertEquals([textOf(await stand.assembler.next()), stand.read], ["before", [6]]);
  const wait = stand.assembler.next();
  assertEquals([stand.read, stand.frames], [[6, 8], 3]);
  stand.take("three ", "m");
  assertEquals([stand.read, stand.frames], [[6, 8, 6], 4]);
  stand.take("four");
  assertEquals(textOf(await wait), "one two three four");
  assertEquals([stand.read, stand.frames], [[6, 8, 6, 4], 5]);
});
