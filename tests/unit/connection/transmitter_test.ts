import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { platformClock } from "../../../src/clock.ts";
import { DeliveryConfirmations } from "../../../src/connection/transmitter.ts";

/** A server that answers when the test says so. */
class Questions {
  sent = 0;
  readonly open: PromiseWithResolvers<void>[] = [];
  asked = 0;

  readonly ways = {
    clock: platformClock,
    sent: () => this.sent,
    flush: () => {
      this.asked++;
      const question = Promise.withResolvers<void>();
      this.open.push(question);
      return question.promise;
    },
  };

  async answer(): Promise<void> {
    this.open.shift()!.resolve();
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await undefined;
}

Deno.test("DeliveryConfirmations asks a second after something was sent, and no more once all is confirmed", async () => {
  using time = new FakeTime();
  const questions = new Questions();
  const confirmations = new DeliveryConfirmations(questions.ways);
  await time.tickAsync(10_000);
  assertStrictEquals(questions.asked, 0);
  questions.sent = 3;
  for (let sent = 0; sent < 3; sent++) confirmations.confirmSoon();
  await time.tickAsync(999);
  assertStrictEquals(questions.asked, 0);
  await time.tickAsync(1);
  assertStrictEquals(questions.asked, 1);
  await questions.answer();
  assertStrictEquals(confirmations.confirmed, 3);
  await time.tickAsync(10_000);
  assertStrictEquals(questions.asked, 1);
});

Deno.test("DeliveryConfirmations counts what was given before the question, and asks again for the rest", async () => {
  using time = new FakeTime();
  const questions = new Questions();
  const confirmations = new DeliveryConfirmations(questions.ways);
  questions.sent = 2;
  confirmations.confirmSoon();
  await time.tickAsync(1_000);
  questions.sent = 5;
  confirmations.confirmSoon();
  await time.tickAsync(5_000);
  assertEquals([questions.asked, confirmations.confirmed], [1, 0]);
  await questions.answer();
  assertStrictEquals(confirmations.confirmed, 2);
  await time.tickAsync(1_000);
  await questions.answer();
  assertEquals([questions.asked, confirmations.confirmed], [2, 5]);
});

Deno.test("DeliveryConfirmations.confirm() asks now, and rejects where there is no answer", async () => {
  const questions = new Questions();
  const confirmations = new DeliveryConfirmations(questions.ways);
  questions.sent = 4;
  const confirmed = confirmations.confirm();
  await questions.answer();
  await confirmed;
  assertStrictEquals(confirmations.confirmed, 4);
  questions.sent = 9;
  const lost = confirmations.confirm();
  questions.open.shift()!.reject(new Error("disconnected"));
  await assertRejects(() => lost, Error, "disconnected");
  assertStrictEquals(confirmations.confirmed, 4);
});

Deno.test("DeliveryConfirmations.stop() asks no more until something is sent", async () => {
  using time = new FakeTime();
  const questions = new Questions();
  const confirmations = new DeliveryConfirmations(questions.ways);
  questions.sent = 7;
  confirmations.confirmSoon();
  confirmations.stop();
  await time.tickAsync(5_000);
  assertEquals(questions.asked, 0);
  confirmations.confirmSoon();
  await time.tickAsync(1_000);
  await questions.answer();
  assertEquals([questions.asked, confirmations.confirmed], [1, 7]);
});
