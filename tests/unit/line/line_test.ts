import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { PendingFlushes } from "../../../src/line/line.ts";

Deno.test("PendingFlushes.add() settles as the question does", async () => {
  const flushes = new PendingFlushes();
  await flushes.add((resolve) => resolve());
  await assertRejects(() => flushes.add((_, reject) => reject(new Error("no"))), Error, "no");
});

Deno.test("PendingFlushes.end() rejects all that wait, and none that has been answered", async () => {
  const flushes = new PendingFlushes();
  let answer = () => {};
  const answered = flushes.add((resolve) => answer = resolve);
  const waiting = [1, 2].map(() => flushes.add(() => {}));
  answer();
  flushes.end();
  flushes.end();
  await answered;
  const outcomes = await Promise.allSettled(waiting);
  assertEquals(outcomes.map(({ status }) => status), ["rejected", "rejected"]);
});

Deno.test("PendingFlushes.add() flushes nothing once it has ended", async () => {
  const flushes = new PendingFlushes();
  flushes.end();
  let asked = 0;
  await assertRejects(() => flushes.add(() => asked++), Error, "the connection was closed");
  assertStrictEquals(asked, 0);
});

Deno.test("PendingFlushes.add() passes over an answer that comes behind the end", async () => {
  const flushes = new PendingFlushes();
  let answer = () => {};
  const waiting = flushes.add((resolve) => answer = resolve);
  flushes.end();
  answer();
  await assertRejects(() => waiting, Error, "the connection was closed");
});
