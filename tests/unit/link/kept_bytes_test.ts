import { assertEquals } from "@std/assert";
import { framesOf } from "../../../src/link/frames/body_frames.ts";
import { SendWindow } from "../../../src/link/machine/send_window.ts";

/** How many bytes are kept in memory with these. */
function keptWith(
  { data, headerBlock }: { data: Uint8Array; headerBlock?: Uint8Array | undefined },
) {
  return data.buffer.byteLength + (headerBlock?.buffer.byteLength ?? 0);
}

Deno.test("framesOf() gives each piece of a body bytes of its own", () => {
  for (const body of ["x".repeat(1_000), new Uint8Array(1_000), ["x".repeat(1_000)]]) {
    const { frames, size } = framesOf(body, undefined, "id", 256);
    assertEquals(frames.reduce((sum, frame) => sum + keptWith(frame), 0), size);
    assertEquals(frames.length, 4);
  }
});

Deno.test("framesOf() copies the pieces of bytes that the caller may write into", () => {
  const body = new Uint8Array(1_000);
  const { frames } = framesOf(body, undefined, "id", 256);
  body.fill(1);
  assertEquals(frames.flatMap(({ data }) => [...data]), Array(1_000).fill(0));
});

Deno.test("SendWindow.settle() gives what was kept at the call before bytes of its own, and leaves it as it is", () => {
  const out = new SendWindow({ messages: 100, bytes: 10_000 });
  out.learn({ received: 0, frames: 100, bytes: 10_000, sent: 0, spent: 0 });
  const give = (text: string) => {
    const { frames } = framesOf(text, { "X-Of": text }, "id", 1_000);
    out.give(frames[0]!);
    return frames[0]!;
  };
  const given = [give("a"), give("b"), give("c")];
  out.settle();
  given.push(give("d"));
  out.learn({ received: 1, frames: 100, bytes: 10_000, sent: 0, spent: 0 });
  const before = out.keptBytes;
  out.settle();
  const frames = out.take(Infinity).concat(out.take(Infinity), out.take(Infinity));
  assertEquals(frames.map(({ number }) => number), [2, 3, 4]);
  assertEquals(
    frames.map(({ data, headerBlock }) => [data, headerBlock]),
    given.slice(1).map(({ data, headerBlock }) => [data, headerBlock]),
  );
  assertEquals(out.keptBytes, before);
  const isAlone = (frame: typeof frames[number]) =>
    keptWith(frame) === frame.data.length + frame.headerBlock!.length;
  assertEquals(frames.map(isAlone), [true, true, false]);
});
