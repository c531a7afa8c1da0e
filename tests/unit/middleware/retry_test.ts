import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { ReplyError } from "../../../src/errors.ts";
import { retry, type RetryOptions } from "../../../src/middleware/retry.ts";
import { outcome, received } from "./received.ts";

/** A handler that throws these errors, one a run, and then replies; with the times of its runs. */
function failing(...errors: readonly unknown[]) {
  const runs: number[] = [];
  const handler = () => {
    runs.push(Date.now());
    if (runs.length <= errors.length) throw errors[runs.length - 1];
    return "done";
  };
  return { runs, handler };
}

/** How it ends, and when it ran, in milliseconds since the first run. */
async function play(options: RetryOptions, ...errors: readonly unknown[]) {
  using time = new FakeTime(0);
  const { runs, handler } = failing(...errors);
  let ended = false;
  const result = outcome(() => retry(options, handler)(received())).finally(() => ended = true);
  await time.runMicrotasks();
  while (!ended) {
    await time.nextAsync();
    await time.runMicrotasks();
  }
  return { result: await result, runs };
}

const errors = (count: number) => Array.from({ length: count }, (_, run) => new Error(`${run}`));

Deno.test("retry() runs a handler once if it does not throw", async () => {
  assertEquals(await play({}), { result: "done", runs: [0] });
});

Deno.test("retry() runs a handler again when it throws, and gives its reply", async () => {
  const { result, runs } = await play({}, ...errors(2));
  assertEquals([result, runs.length], ["done", 3]);
});

Deno.test("retry() takes a rejected promise for an error too", async () => {
  let runs = 0;
  const handler = () => ++runs < 2 ? Promise.reject(new Error("no")) : Promise.resolve(runs);
  assertStrictEquals(await retry({ delay: 0 }, handler)(received()), 2);
});

Deno.test("retry() throws the last error after as many runs as it may", async () => {
  const thrown = errors(9);
  assertEquals(await play({ attempts: 1 }, ...thrown), { result: thrown[0], runs: [0] });
  const three = await play({}, ...thrown);
  assertStrictEquals(three.result, thrown[2]);
  assertStrictEquals(three.runs.length, 3);
});

Deno.test("retry() doubles the longest wait up to maxDelay", async () => {
  using _random = stub(Math, "random", () => 1);
  const { runs } = await play({ attempts: 6, delay: 100, maxDelay: 500 }, ...errors(5));
  assertEquals(runs, [0, 100, 300, 700, 1_200, 1_700]);
  const short = await play({ delay: 100, maxDelay: 50 }, ...errors(2));
  assertEquals(short.runs, [0, 50, 100]);
});

Deno.test("retry() waits a random part of the longest wait, from nothing on", async () => {
  const parts = [0, 0.25, 0.5];
  using _random = stub(Math, "random", () => parts.shift()!);
  const { runs } = await play({ attempts: 4, delay: 100 }, ...errors(3));
  assertEquals(runs, [0, 0, 50, 250]);
});

Deno.test("retry() gives a ReplyError below 500 to the caller at once", async () => {
  const wrong = new ReplyError(404, "No such order");
  assertEquals(await play({}, wrong), { result: wrong, runs: [0] });
  const busy = await play({}, new ReplyError(503, "Busy"), "text", undefined);
  assertEquals([busy.result, busy.runs.length], [undefined, 3]);
});

Deno.test("retry() asks when() about every error but that of the last run", async () => {
  const asked: unknown[] = [];
  const when = (error: unknown, attempt: number) => asked.push([error, attempt]) > 0;
  const thrown = [new ReplyError(404, "Not yet"), ...errors(2)];
  await play({ when }, ...thrown);
  assertEquals(asked, [[thrown[0], 1], [thrown[1], 2]]);
  const refused = await play({ when: () => false }, thrown[1]);
  assertEquals(refused, { result: thrown[1], runs: [0] });
});

Deno.test("retry() throws the error at once when the signal aborts as it waits", async () => {
  using time = new FakeTime(0);
  const controller = new AbortController();
  const error = new Error("no");
  const { runs, handler } = failing(error);
  const again = retry({ delay: 60_000, maxDelay: 60_000 }, handler);
  using _random = stub(Math, "random", () => 1);
  const result = outcome(() => again(received("a", { signal: controller.signal })));
  await time.runMicrotasks();
  controller.abort();
  assertStrictEquals(await result, error);
  assertEquals([runs, time.next()], [[0], false]);
});

Deno.test("retry() does not run again for a signal that has aborted before", async () => {
  using time = new FakeTime();
  const error = new Error("no");
  const { runs, handler } = failing(error);
  const message = received("a", { signal: AbortSignal.abort() });
  assertStrictEquals(await outcome(() => retry({}, handler)(message)), error);
  assertEquals([runs.length, time.next()], [1, false]);
});

Deno.test("retry() asks for the signal only after an error", async () => {
  const message = {
    get signal(): AbortSignal {
      throw new Error("Nobody asked for it");
    },
  };
  assertStrictEquals(await retry({}, (_: typeof message) => "done")(message), "done");
});

Deno.test("retry() leaves no listener at the signal", async () => {
  const { signal } = new AbortController();
  let listening = 0;
  using _add = stub(signal, "addEventListener", () => void listening++);
  using _remove = stub(signal, "removeEventListener", () => void listening--);
  const { handler } = failing(...errors(2));
  await retry({ delay: 1 }, handler)(received("a", { signal }));
  assertStrictEquals(listening, 0);
});

Deno.test("retry() gives every run the same message", async () => {
  const seen: unknown[] = [];
  const message = received();
  await outcome(() =>
    retry({ delay: 0 }, (one) => {
      seen.push(one);
      throw new Error("no");
    })(message)
  );
  assertEquals(seen.map((one) => one === message), [true, true, true]);
});

Deno.test("retry() names the option that is wrong", () => {
  const wrong = (options: unknown, sentence: string) =>
    assertThrows(() => retry(options as RetryOptions, () => 1), TypeError, sentence);
  wrong({ attempts: 0 }, `Cannot retry as "attempts" must be a whole number of 1 or more: 0`);
  wrong(
    { delay: -1 },
    `Cannot retry as "delay" must be milliseconds from 0 to 2147483647, or text such as "30s": -1`,
  );
  wrong(
    { maxDelay: "1" },
    `as "maxDelay" must be milliseconds from 0 to 2147483647, or text such as "30s": "1"`,
  );
  wrong({ when: true }, `Cannot retry as "when" must be a function: true`);
  wrong({ retries: 3 }, `as an option must be one of attempts, delay, maxDelay, when: "retries"`);
  assertThrows(
    () => retry({}, undefined as unknown as () => void),
    TypeError,
    `Cannot retry as "handler" must be a function: undefined`,
  );
});
