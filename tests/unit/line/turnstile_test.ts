import { assertEquals } from "@std/assert";
import { Turnstile } from "../../../src/line/plain_writer.ts";

Deno.test("Turnstile lets a subscription through once nothing is asked, and nothing behind its own question", () => {
  const turnstile = new Turnstile();
  const answers: (() => void)[] = [];
  const question = () => turnstile.question((answered) => answers.push(answered));
  const subscription = turnstile.subscription(() => {});
  assertEquals(subscription.mayGo(), true);
  question().go();
  assertEquals([subscription.mayGo(), question().mayGo(), turnstile.isShut], [false, true, false]);
  answers.shift()!();
  subscription.go();
  question().go();
  assertEquals([subscription.mayGo(), question().mayGo(), turnstile.isShut], [false, false, true]);
  answers.shift()!();
  assertEquals([subscription.mayGo(), question().mayGo(), turnstile.isShut], [true, true, false]);
});
