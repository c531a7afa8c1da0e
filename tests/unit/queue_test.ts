import { assertEquals, assertLess, assertStrictEquals } from "@std/assert";
import { Queue } from "../../src/queue.ts";
import { usedMemory } from "../support/memory.ts";
import { seeded } from "./seeded_random.ts";

/** Everything that is in it, in order. */
function drained<T>(backlog: Queue<T>): T[] {
  const values: T[] = [];
  for (let value; (value = backlog.shift()) !== undefined;) values.push(value);
  return values;
}

/** The bytes of all buffers, once those that nothing holds have been collected. */
function heldBuffers(): number {
  usedMemory();
  return Deno.memoryUsage().external;
}

Deno.test("Queue.shift() gives what came first", () => {
  const backlog = new Queue<string>();
  for (const value of ["a", "b", "c"]) backlog.push(value, 1);
  assertStrictEquals(backlog.length, 3);
  assertEquals(drained(backlog), ["a", "b", "c"]);
  assertEquals([backlog.length, backlog.shift()], [0, undefined]);
});

Deno.test("Queue.fits() goes by the number of messages", () => {
  const backlog = new Queue<number>();
  const bounds = { messages: 2, bytes: 1_000 };
  for (const expected of [true, true, false]) {
    assertStrictEquals(backlog.fits(1, bounds), expected);
    backlog.push(0, 1);
  }
});

Deno.test("Queue.fits() goes by the bytes, to the last one", () => {
  const backlog = new Queue<number>();
  const bounds = { messages: 100, bytes: 10 };
  backlog.push(0, 4);
  assertEquals([backlog.fits(6, bounds), backlog.fits(7, bounds)], [true, false]);
  backlog.push(0, 6);
  assertEquals([backlog.fits(0, bounds), backlog.fits(1, bounds)], [true, false]);
  backlog.shift();
  assertEquals([backlog.fits(4, bounds), backlog.fits(5, bounds)], [true, false]);
});

Deno.test("Queue.fits() always holds for a single one", () => {
  const backlog = new Queue<number>();
  const bounds = { messages: 1, bytes: 10 };
  assertStrictEquals(backlog.fits(1_000, bounds), true);
  backlog.push(0, 1_000);
  assertStrictEquals(backlog.fits(0, bounds), false);
  backlog.shift();
  assertStrictEquals(backlog.fits(1_000, bounds), true);
});

Deno.test("Queue.clear() forgets the messages and their bytes", () => {
  const backlog = new Queue<number>();
  for (let value = 0; value < 5; value++) backlog.push(value, 10);
  backlog.shift();
  backlog.clear();
  assertEquals([backlog.length, backlog.shift()], [0, undefined]);
  backlog.push(7, 1);
  assertStrictEquals(backlog.fits(9, { messages: 2, bytes: 10 }), true);
  assertEquals(drained(backlog), [7]);
});

Deno.test("Queue.wait() gives what came before it first, also behind the end", async () => {
  const queue = new Queue<string>();
  const next = () => queue.wait({}, "read");
  const handed = next();
  assertStrictEquals(queue.hand("a"), true);
  queue.push("b", 1);
  assertEquals([await handed, await next()], ["a", "b"]);
  queue.push("c", 1);
  queue.end();
  assertEquals([await next(), await next(), queue.bytes], ["c", undefined, 0]);
});

Deno.test("Queue does as a plain list does, whatever is asked of it", () => {
  const random = seeded(11);
  const backlog = new Queue<number>();
  let list: { value: number; size: number }[] = [];
  for (let step = 0; step < 20_000; step++) {
    const size = random(10);
    const sum = list.reduce((bytes, entry) => bytes + entry.size, 0);
    const room = list.length === 0 || (list.length < 30 && sum + size <= 100);
    assertStrictEquals(backlog.fits(size, { messages: 30, bytes: 100 }), room);
    const move = random(200);
    if (move === 0) {
      backlog.clear();
      list = [];
    } else if (move < 110 && room) {
      backlog.push(step, size);
      list.push({ value: step, size });
    } else assertStrictEquals(backlog.shift(), list.shift()?.value);
    assertStrictEquals(backlog.length, list.length);
  }
});

Deno.test("Queue.shift() takes no longer for a long queue than for a short one", () => {
  const backlog = new Queue<number>();
  const many = 300_000;
  const began = performance.now();
  for (let value = 1; value <= many; value++) backlog.push(value, 1);
  for (let value = 1; value <= many; value++) assertStrictEquals(backlog.shift(), value);
  // a queue that moves its rest at every step would take minutes
  assertLess(performance.now() - began, 10_000);
});

Deno.test("Queue lets go of what has been read, however much is still to be read", () => {
  const backlog = new Queue<Uint8Array | undefined>();
  const [large, many] = [100_000, 400];
  for (let entry = 0; entry < many; entry++) backlog.push(new Uint8Array(large), 1);
  for (let entry = 0; entry < 2 * many; entry++) backlog.push(undefined, 1);
  const before = heldBuffers();
  for (let entry = 0; entry < many; entry++) backlog.shift();
  assertLess(heldBuffers(), before - large * many / 2);
  assertStrictEquals(backlog.length, 2 * many);
});
