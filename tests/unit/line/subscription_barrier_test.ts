import { assertEquals } from "@std/assert";
import { SubscriptionBarrier } from "../../../src/line/subscription_barrier.ts";

Deno.test("SubscriptionBarrier lets a subscription through once nothing is asked, and nothing behind its own question", () => {
  const barrier = new SubscriptionBarrier();
  const answers: (() => void)[] = [];
  const question = () => barrier.flush((answered) => answers.push(answered));
  const subscription = barrier.subscription(() => {});
  assertEquals(subscription.isReady(), true);
  question().run();
  assertEquals([subscription.isReady(), question().isReady(), barrier.isClosed], [
    false,
    true,
    false,
  ]);
  answers.shift()!();
  subscription.run();
  question().run();
  assertEquals([subscription.isReady(), question().isReady(), barrier.isClosed], [
    false,
    false,
    true,
  ]);
  answers.shift()!();
  assertEquals([subscription.isReady(), question().isReady(), barrier.isClosed], [
    true,
    true,
    false,
  ]);
});
