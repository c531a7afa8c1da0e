import { assertEquals, assertStrictEquals } from "@std/assert";
import type { FrameCode } from "../../../src/link/frames/frame.ts";
import { SendWindow } from "../../../src/link/machine/send_window.ts";
import type { FlowState } from "../../../src/link/frames/control_frames.ts";

function give(out: SendWindow, sizes: readonly number[], code: FrameCode = "t"): void {
  for (const size of sizes) out.give({ code, data: new Uint8Array(size), headerBlock: undefined });
}

function learn(out: SendWindow, tally: Partial<FlowState>): boolean {
  return out.learn({ received: 0, frames: 0, bytes: 0, sent: 0, spent: 0, ...tally });
}

function outflow(frames = 100, bytes = 1_000): SendWindow {
  const out = new SendWindow({ messages: 10_000, bytes: 1e9 });
  learn(out, { frames, bytes });
  return out;
}

const numbers = (out: SendWindow, most = 1_000) => out.take(most).map(({ number }) => number);

Deno.test("SendWindow sends nothing before it knows of any room, but an end", () => {
  const out = new SendWindow({ messages: 10_000, bytes: 1e9 });
  give(out, [1]);
  assertEquals([out.peek(), numbers(out)], [undefined, []]);
  const other = new SendWindow({ messages: 10_000, bytes: 1e9 });
  give(other, [0], "e");
  assertEquals(numbers(other), [1]);
});

Deno.test("SendWindow sends up to the last number there is room for", () => {
  const out = outflow(2);
  give(out, [1, 1, 1]);
  assertEquals([numbers(out), out.sent, out.last], [[1, 2], 2, 3]);
  assertEquals([out.isAdmitted(2), out.isAdmitted(3)], [true, false]);
  learn(out, { frames: 3 });
  assertEquals(numbers(out), [3]);
});

Deno.test("SendWindow begins a frame while fewer bytes were sent than there is room for", () => {
  const out = outflow(100, 10);
  give(out, [9, 50, 1]);
  assertEquals(numbers(out), [1, 2]);
  learn(out, { bytes: 59 });
  assertEquals(numbers(out), []);
  learn(out, { bytes: 60 });
  assertEquals(numbers(out), [3]);
});

Deno.test("SendWindow counts headers as it counts bodies", () => {
  const out = outflow(100, 10);
  out.give({ code: "h", data: new Uint8Array(1), headerBlock: new Uint8Array(9) });
  give(out, [1]);
  assertEquals([numbers(out), out.keptBytes], [[1], 11]);
});

Deno.test("SendWindow never takes room back", () => {
  const out = outflow(3, 30);
  learn(out, { frames: 1, bytes: 1 });
  give(out, [10, 10, 10]);
  assertEquals(numbers(out), [1, 2, 3]);
});

Deno.test("SendWindow takes the frames that fit into one message, and one that does not fit alone", () => {
  const out = outflow();
  give(out, [10, 10, 10]);
  assertEquals([numbers(out, 30), numbers(out, 0)], [[1, 2], [3]]);
});

Deno.test("SendWindow takes a frame with headers alone", () => {
  const out = outflow();
  give(out, [1]);
  out.give({ code: "h", data: new Uint8Array(1), headerBlock: new Uint8Array(1) });
  give(out, [1]);
  assertEquals([numbers(out), numbers(out), numbers(out)], [[1], [2], [3]]);
});

Deno.test("SendWindow keeps what is not acknowledged, and goes back to it", () => {
  const out = outflow();
  give(out, [1, 2, 4]);
  numbers(out);
  assertStrictEquals(learn(out, { received: 1 }), true);
  assertEquals([out.keptFrames, out.keptBytes], [2, 6]);
  out.rewind();
  assertEquals([out.sent, numbers(out)], [1, [2, 3]]);
});

Deno.test("SendWindow does not send again what is acknowledged after a rewind", () => {
  const out = outflow();
  give(out, [1, 1, 1]);
  numbers(out);
  out.rewind();
  learn(out, { received: 2 });
  assertEquals([out.sent, numbers(out)], [2, [3]]);
});

Deno.test("SendWindow refuses an acknowledgement of what was never given, and forgets nothing for it", () => {
  const out = outflow();
  give(out, [1]);
  assertStrictEquals(learn(out, { received: 2 }), false);
  assertStrictEquals(learn(out, { received: Number.MAX_SAFE_INTEGER, frames: 1e15 }), false);
  assertEquals(out.keptFrames, 1);
});

Deno.test("SendWindow takes an old acknowledgement for nothing new", () => {
  const out = outflow();
  give(out, [1, 1]);
  numbers(out);
  learn(out, { received: 2 });
  assertEquals([learn(out, { received: 1 }), out.keptFrames, out.sent], [true, 0, 2]);
});

Deno.test("SendWindow is ended by an end that is given, and done when it is acknowledged", () => {
  const out = outflow();
  give(out, [1]);
  assertEquals([out.isEnded, out.isDone], [false, false]);
  give(out, [0], "e");
  assertEquals([out.isEnded, out.isDone], [true, false]);
  learn(out, { received: 1 });
  assertStrictEquals(out.isDone, false);
  learn(out, { received: 2 });
  assertStrictEquals(out.isDone, true);
});

Deno.test("SendWindow.discard() keeps nothing and is done, with an end or without", () => {
  const out = outflow();
  give(out, [5, 5]);
  out.discard();
  assertEquals([out.isDone, out.keptFrames, out.keptBytes, out.sent], [true, 0, 0, 2]);
  assertEquals([out.peek(), learn(out, { received: 2 })], [undefined, true]);
});

Deno.test("SendWindow keeps its order through thousands of frames, however they are acknowledged", () => {
  const out = outflow(1e9, 1e9);
  const seen: number[] = [];
  for (let at = 1; at <= 5_000; at++) {
    give(out, [at % 7]);
    seen.push(...numbers(out));
    if (at % 3 === 0) learn(out, { received: at - at % 11 });
  }
  assertEquals(seen, Array.from({ length: 5_000 }, (_, at) => at + 1));
  learn(out, { received: 5_000 });
  assertEquals([out.keptFrames, out.keptBytes], [0, 0]);
});

Deno.test("SendWindow sends no more than it may copyRawMessage, whatever the other side has room for", () => {
  const out = new SendWindow({ messages: 3, bytes: 100 });
  learn(out, { frames: 1e15, bytes: 1e15 });
  give(out, [0, 0, 0, 0]);
  assertEquals([numbers(out), out.isAdmitted(4)], [[1, 2, 3], false]);
  learn(out, { received: 2 });
  give(out, [150, 1]);
  assertEquals([numbers(out), out.isAdmitted(6)], [[4, 5], false]);
  learn(out, { received: 5 });
  assertEquals(numbers(out), [6]);
});

Deno.test("SendWindow asks for an acknowledgement once when half of what it may keep is sent, if there is room for more", () => {
  const out = new SendWindow({ messages: 4, bytes: 100 });
  learn(out, { frames: 1_000, bytes: 1_000 });
  const send = (...sizes: number[]) => {
    give(out, sizes);
    numbers(out);
    return out.isAcknowledgementDue;
  };
  assertEquals([out.isAcknowledgementDue, send(1), send(1)], [false, false, true]);
  out.asked();
  assertEquals(send(1), false);
  learn(out, { received: 3 });
  assertEquals([out.isAcknowledgementDue, send(49), send(1)], [false, false, true]);
  const equal = new SendWindow({ messages: 4, bytes: 100 });
  learn(equal, { frames: 4, bytes: 100 });
  give(equal, [100]);
  numbers(equal);
  assertEquals(equal.isAcknowledgementDue, false);
});
