import { assertEquals, assertRejects } from "@std/assert";
import { ConflictError, JetStreamError, NotFoundError } from "../../../src/jetstream/api/errors.ts";
import { madeAgain } from "../../../src/jetstream/consumer/declare_consumer.ts";

const DECLARED = { stream: "ORDERS", config: { name: "work" } };
const REMOVED = new JetStreamError("make", "it must be", { code: 500, err_code: 10_012 });
const TAKEN = new ConflictError("make", "it must be new", { code: 400, err_code: 10_148 });

/** A server that has no consumer, or finds one, and answers each attempt to make it with the next of `answers`. */
function faultyServer(answers: readonly (Error | "made")[], isThere = false) {
  const asked: string[] = [];
  let now = 0;
  const clock = {
    random: () => 0,
    setTimeout: (callback: () => void, milliseconds: number) => {
      now += milliseconds;
      queueMicrotask(callback);
      return { clear() {}, unref() {} };
    },
  };
  const left = [...answers];
  const api = {
    access: { clock, stopping: () => new AbortController().signal },
    call: (subject: string) => {
      asked.push(`${subject.split(".")[1]} after ${now} ms`);
      if (subject.startsWith("CONSUMER.INFO")) {
        return isThere ? Promise.resolve({}) : Promise.reject(new NotFoundError("ask", "consumer"));
      }
      const answer = left.shift()!;
      return answer === "made" ? Promise.resolve({}) : Promise.reject(answer);
    },
  };
  return { asked, isOurs: () => madeAgain(api as never, DECLARED) };
}

Deno.test("madeAgain() waits until the server may have removed the files of the deleted consumer", async () => {
  const { asked, isOurs } = faultyServer(["made"]);
  assertEquals(await isOurs(), true);
  assertEquals(asked, ["INFO after 100 ms", "CREATE after 100 ms"]);
});

Deno.test("madeAgain() makes nothing where another process was faster", async () => {
  const found = faultyServer([], true);
  assertEquals([await found.isOurs(), found.asked], [false, ["INFO after 100 ms"]]);
  assertEquals(await faultyServer([TAKEN]).isOurs(), false);
});

Deno.test("madeAgain() tries again where the files were removed under the new consumer, three times", async () => {
  const { asked, isOurs } = faultyServer([REMOVED, REMOVED, "made"]);
  assertEquals(await isOurs(), true);
  assertEquals(asked.at(-1), "CREATE after 300 ms");
  const never = faultyServer([REMOVED, REMOVED, REMOVED, "made"]);
  assertEquals(await assertRejects(never.isOurs), REMOVED);
});
