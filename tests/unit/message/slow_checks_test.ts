import { TimeoutError } from "@signalbox/nats";
import { assertEquals, assertRejects } from "@std/assert";
import { SlowChecks } from "../../../src/message/schema.ts";
import { MovedClock } from "../../../src/testing/server/moved_clock.ts";

function checksOf(clock = new MovedClock()): SlowChecks<number> {
  return new SlowChecks<number>(clock, "read", "a");
}

Deno.test("SlowChecks.wait() keeps a message whose schema ends in the turn of an abort", async () => {
  const checks = checksOf();
  const leaving = new AbortController();
  const valid = Promise.withResolvers<number>();
  const check = checks.begin(valid.promise);
  const waiting = checks.wait(check, Infinity, { signal: leaving.signal });
  valid.resolve(1);
  await valid.promise;
  leaving.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  assertEquals(checks.shift(), check);
  assertEquals(await checks.wait(check, Infinity), 1);
});

Deno.test("SlowChecks.wait() keeps nothing that its schema refused, or took too long for", async () => {
  const clock = new MovedClock();
  const checks = checksOf(clock);
  const refused = checks.wait(checks.begin(Promise.reject(new Error("no"))), Infinity);
  await assertRejects(() => refused, Error, "no");
  const hung = assertRejects(
    () => checks.wait(checks.begin(new Promise(() => {}), 100), Infinity),
    TimeoutError,
  );
  await clock.advance(100);
  await hung;
  assertEquals(checks.shift(), undefined);
});

Deno.test("SlowChecks.cancel() ends the waits, and drops what is late", async () => {
  const clock = new MovedClock();
  const checks = checksOf(clock);
  const late = checks.begin(new Promise(() => {}));
  const gone = assertRejects(
    () => checks.wait(late, clock.now() + 10, { timeout: 10 }),
    TimeoutError,
  );
  await clock.advance(10);
  await gone;
  const waiting = checks.wait(checks.begin(new Promise(() => {})), Infinity);
  checks.cancel();
  assertEquals([await waiting, checks.shift()], [undefined, undefined]);
});
