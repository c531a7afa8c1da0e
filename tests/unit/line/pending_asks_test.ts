import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { PendingAsks } from "../../../src/line/line.ts";

Deno.test("PendingAsks.add() settles as the question does", async () => {
  const asks = new PendingAsks();
  await asks.add((resolve) => resolve());
  await assertRejects(() => asks.add((_, reject) => reject(new Error("no"))), Error, "no");
});

Deno.test("PendingAsks.end() rejects all that wait, and none that has been answered", async () => {
  const asks = new PendingAsks();
  let answer = () => {};
  const answered = asks.add((resolve) => answer = resolve);
  const waiting = [1, 2].map(() => asks.add(() => {}));
  answer();
  asks.end();
  asks.end();
  await answered;
  const outcomes = await Promise.allSettled(waiting);
  assertEquals(outcomes.map(({ status }) => status), ["rejected", "rejected"]);
});

Deno.test("PendingAsks.add() asks nothing once it has ended", async () => {
  const asks = new PendingAsks();
  asks.end();
  let asked = 0;
  await assertRejects(() => asks.add(() => asked++), Error, "the connection was closed");
  assertStrictEquals(asked, 0);
});

Deno.test("PendingAsks.add() passes over an answer that comes behind the end", async () => {
  const asks = new PendingAsks();
  let answer = () => {};
  const waiting = asks.add((resolve) => answer = resolve);
  asks.end();
  answer();
  await assertRejects(() => waiting, Error, "the connection was closed");
});
