import { assertEquals } from "@std/assert";
import { platformClock } from "../../../src/clock.ts";
import { PlainAnswer } from "../../../src/link/ends/handshake.ts";

const part = { subject: "in", replyTo: "", data: new Uint8Array(1_000), headerBlock: undefined };

function answered(parts: number): { answer: PlainAnswer; held: number[] } {
  const held: number[] = [];
  const answer = new PlainAnswer("asked", platformClock, () => held.push(answer.held));
  for (let n = 0; n < parts; n++) answer.take(part);
  return { answer, held };
}

Deno.test("PlainAnswer.next() tells that less is held, part by part", async () => {
  const { answer, held } = answered(2);
  const whole = answer.held;
  await answer.next();
  await answer.next();
  assertEquals(held, [whole / 2, 0]);
});

Deno.test("PlainAnswer.clear() tells that nothing is held any more", () => {
  const { answer, held } = answered(2);
  answer.clear();
  assertEquals(held, [0]);
});
