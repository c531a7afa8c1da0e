import { assertEquals, assertStrictEquals } from "@std/assert";
import { partsOf } from "../../../src/obj/body.ts";
import { type Chunk, Chunker } from "../../../src/obj/chunker.ts";
import { bytesOf, streamOf } from "../../support/objects.ts";

async function cut(chunker: Chunker, taken: (chunk: Chunk) => void = () => {}) {
  const chunks: Uint8Array[] = [];
  for (let chunk; (chunk = await chunker.next());) {
    chunks.push(chunk.data.slice());
    taken(chunk);
  }
  return chunks;
}

Deno.test("Chunker cuts any parts into chunks of one size, of which only the last is shorter", async () => {
  for (const length of [0, 1, 99, 100, 101, 1_000, 1_234]) {
    const bytes = bytesOf(length);
    const wanted = Array.from(
      { length: Math.ceil(length / 100) },
      (_, at) => bytes.slice(at * 100, at * 100 + 100),
    );
    for (const part of [1, 7, 100, 250, 5_000]) {
      const chunker = new Chunker(partsOf("put", streamOf(bytes, part)), 100);
      assertEquals(await cut(chunker), wanted, `${length} bytes in parts of ${part}`);
    }
    assertEquals(await cut(new Chunker(partsOf("put", bytes), 100)), wanted);
  }
});

Deno.test("Chunker uses the buffers again that it gets back, and none that it does not", async () => {
  const buffers = new Set<ArrayBufferLike>();
  const bytes = bytesOf(2_000);
  const reusing = new Chunker(partsOf("put", streamOf(bytes, 30)), 100);
  await cut(reusing, (chunk) => {
    buffers.add(chunk.data.buffer);
    reusing.release(chunk);
  });
  assertStrictEquals(buffers.size, 1);
  const keeping = new Chunker(partsOf("put", streamOf(bytes, 30)), 100);
  await cut(keeping, (chunk) => buffers.add(chunk.data.buffer));
  assertStrictEquals(buffers.size, 21);
});
