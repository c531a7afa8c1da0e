import { assertEquals, assertStrictEquals } from "@std/assert";
import { copyRawMessage, type RawMessage, sizeOf } from "../../../src/message/raw_message.ts";

/** A packet as the connection hands it over: two views of one chunk. */
function inChunk(): { chunk: Uint8Array; packet: RawMessage } {
  const chunk = new Uint8Array(1_024).fill(7);
  const [data, headerBlock] = [chunk.subarray(10, 14), chunk.subarray(4, 10)];
  return { chunk, packet: { subject: "a", replyTo: "r", data, headerBlock } };
}

Deno.test("keep() copies the bytes, so that the chunk can go and be written over", () => {
  const { chunk, packet } = inChunk();
  const kept = copyRawMessage(packet);
  chunk.fill(0);
  assertEquals(kept.data, new Uint8Array([7, 7, 7, 7]));
  assertEquals(kept.headerBlock, new Uint8Array(6).fill(7));
  assertEquals([kept.data.buffer.byteLength, kept.headerBlock?.buffer.byteLength], [4, 6]);
});

Deno.test("keep() copies what a Buffer's slice would only show", async () => {
  const { Buffer } = await import("node:buffer");
  const chunk = Buffer.from("0123456789");
  const kept = copyRawMessage({
    subject: "a",
    replyTo: "",
    data: chunk.subarray(2, 4),
    headerBlock: undefined,
  });
  chunk.fill(0);
  assertEquals([...kept.data], [50, 51]);
});

Deno.test("keep() keeps subject, reply address and the absence of headers", () => {
  const { packet } = inChunk();
  const { subject, replyTo } = copyRawMessage(packet);
  assertEquals([subject, replyTo], ["a", "r"]);
  assertStrictEquals(copyRawMessage({ ...packet, headerBlock: undefined }).headerBlock, undefined);
});

Deno.test("keep() reads each part of a packet whose parts are getters", () => {
  class Lazy implements RawMessage {
    get subject() {
      return "s";
    }
    get replyTo() {
      return "";
    }
    get data() {
      return new Uint8Array([1]);
    }
    get headerBlock() {
      return undefined;
    }
  }
  assertEquals(copyRawMessage(new Lazy()).data, new Uint8Array([1]));
});

Deno.test("sizeOf() counts headers and body", () => {
  const { packet } = inChunk();
  assertStrictEquals(sizeOf(packet), 10);
  assertStrictEquals(sizeOf({ ...packet, headerBlock: undefined }), 4);
});
