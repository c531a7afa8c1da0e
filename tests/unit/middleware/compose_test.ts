import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { compose, type Step } from "../../../src/middleware/middleware.ts";

/** Notes when it is entered and when it is left. */
function noting(name: string, notes: string[]): Step<string> {
  return async (subject, next) => {
    notes.push(`${name} in`);
    const value = await next(`${subject}${name}`);
    notes.push(`${name} out`);
    return `${name}(${value})`;
  };
}

Deno.test("compose() of no links is the end itself, without a promise", () => {
  const end = (subject: string) => `end ${subject}`;
  assertStrictEquals(compose([], end), end);
});

Deno.test("compose() goes from the first link to the end and back", async () => {
  const notes: string[] = [];
  const run = compose(["a", "b", "c"].map((name) => noting(name, notes)), (subject) => {
    notes.push(`end ${subject}`);
    return "value";
  });
  assertStrictEquals(await run("x"), "a(b(c(value)))");
  assertEquals(notes, ["a in", "b in", "c in", "end xabc", "c out", "b out", "a out"]);
});

Deno.test("compose() runs nothing of what is behind a link that does not call next()", () => {
  let ran = 0;
  const run = compose<string>([() => "instead", () => ran++], () => ran++);
  assertEquals([run("x"), ran], ["instead", 0]);
});

Deno.test("compose() makes next() a promise of whatever the end gives or throws", async () => {
  const pass: Step<number> = (subject, next) => next(subject);
  assertStrictEquals(await compose([pass], (subject) => subject + 1)(1), 2);
  assertStrictEquals(await compose([pass], (subject) => Promise.resolve(subject + 1))(1), 2);
  const failing = compose<number>([pass], () => {
    throw new RangeError("end");
  });
  await assertRejects(() => failing(1) as Promise<unknown>, RangeError, "end");
});

Deno.test("compose() lets a link see the failure behind it, and go on", async () => {
  const recovering: Step<number> = (subject, next) =>
    next(subject).catch((error) => `recovered from ${error.message}`);
  const failing: Step<number> = () => {
    throw new Error("inner");
  };
  assertStrictEquals(await compose([recovering, failing], () => 0)(1), "recovered from inner");
});

Deno.test("compose() rejects a second next(), names the link, and runs the end once", async () => {
  let ran = 0;
  const run = compose<number>([
    async function twice(subject, next) {
      await next(subject);
      return await next(subject);
    },
  ], () => ++ran);
  const { message } = await assertRejects(() => run(1) as Promise<unknown>, Error);
  assertEquals([message, ran], ["Cannot call next() as it must be called once: twice", 1]);
});

Deno.test("compose() says the same of a link without a name, though both calls are made at once", async () => {
  const links: Step<number>[] = [
    async (subject, next) => {
      const calls = await Promise.allSettled([next(subject), next(subject)]);
      return calls.map((call) => call.status === "fulfilled" ? call.value : call.reason.message);
    },
  ];
  assertEquals(await compose(links.slice(), () => "value")(1), [
    "value",
    "Cannot call next() as it must be called once: a middleware",
  ]);
});

Deno.test("compose() keeps runs apart, at the same time as one after the other", async () => {
  const later: Step<number> = async (subject, next) => {
    await undefined;
    return next(subject);
  };
  const run = compose([later, later], (subject) => subject * 2);
  assertEquals(await Promise.all([run(1), run(2)]), [2, 4]);
  assertStrictEquals(await run(3), 6);
});

Deno.test("compose() keeps what next() gave where a link gives nothing back", async () => {
  const links: Step<number>[] = [
    async (subject, next) => void await next(subject),
    (subject, next) => void next(subject),
    async (subject, next) => {
      next(subject);
      await Promise.resolve();
    },
  ];
  for (const link of links) {
    assertStrictEquals(await compose([link], (subject) => subject + 1)(1), 2);
    assertStrictEquals(await compose([link, link], (subject) => Promise.resolve(subject))(1), 1);
  }
  const failing = compose<number>([(subject, next) => void next(subject)], () => {
    throw new RangeError("end");
  });
  await assertRejects(() => failing(1) as Promise<unknown>, RangeError, "end");
});

Deno.test("compose() takes nothing for the reply of a link that caught what next() threw", async () => {
  const swallowing: Step<number> = async (subject, next) => {
    try {
      await next(subject);
    } catch {
      // it gives nothing back on purpose
    }
  };
  assertStrictEquals(
    await compose([swallowing], () => Promise.reject(new Error("end")))(1),
    undefined,
  );
});

Deno.test("compose() tells of a link that forgets next(), once for each", async () => {
  const told: string[] = [];
  function forgetful() {}
  const run = compose<number>(
    [(subject, next) => next(subject), forgetful],
    () => 1,
    (name) => void told.push(name),
  );
  for (let time = 0; time < 3; time++) assertStrictEquals(await run(1), undefined);
  const async = compose<number>([() => Promise.resolve()], () => 1, (name) => void told.push(name));
  await async(1);
  assertEquals(told, ["forgetful", "a middleware"]);
});

Deno.test("compose() refuses next itself in place of what it gives", () => {
  const run = compose<number>([(_subject, next) => next], () => 1);
  assertThrows(() => run(1), TypeError, "return next()");
});
