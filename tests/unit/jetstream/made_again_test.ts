import { assertEquals, assertRejects } from "@std/assert";
import { ConflictError, JetStreamError } from "../../../src/jetstream/api/errors.ts";
import { madeAgain } from "../../../src/jetstream/consumer/declare_consumer.ts";

const DECLARED = { stream: "ORDERS", config: { name: "work" } };
const REMOVED = new JetStreamError("make", "it must be", { code: 500, err_code: 10_012 });
const TAKEN = new ConflictError("make", "it must be new", { code: 400, err_code: 10_148 });

/** Makes it on a server that answers each attempt with the next of `answers`; gives whether it is ours. */
function made(...answers: readonly (Error | undefined)[]): Promise<boolean> {
  const left = [...answers];
  const call = () => {
    const error = left.shift();
    return error ? Promise.reject(error) : Promise.resolve({});
  };
  return madeAgain({ call } as never, DECLARED);
}

Deno.test("madeAgain() tries again where the old files were removed under the new consumer, three times", async () => {
  assertEquals(await made(REMOVED, REMOVED), true);
  assertEquals(await assertRejects(() => made(REMOVED, REMOVED, REMOVED)), REMOVED);
});

Deno.test("madeAgain() makes nothing where another process was faster", async () => {
  assertEquals(await made(TAKEN), false);
});
