import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { readAll } from "../../../src/wire/server_stream.ts";

/** A socket with these pieces to read, which notes what it is read with. */
function socketOf(pieces: readonly Uint8Array[]) {
  const rooms: Uint8Array[] = [];
  const rest = [...pieces];
  const read = (into: Uint8Array): Promise<number | null> => {
    rooms.push(into);
    const piece = rest.shift();
    if (!piece) return Promise.resolve(null);
    into.set(piece);
    return Promise.resolve(piece.length);
  };
  return { rooms, read };
}

function pieceOf(byte: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

Deno.test("readAll() hands over each piece as it was read, and gives null at the end", async () => {
  const pieces = Array.from({ length: 2_000 }, (_, at) => pieceOf(at % 251, 1 + at % 400));
  const taken: Uint8Array[] = [];
  assertStrictEquals(await readAll(socketOf(pieces).read, (piece) => taken.push(piece)), null);
  assertEquals(taken, pieces);
});

Deno.test("readAll() never writes to what it has handed over", async () => {
  const pieces = Array.from({ length: 200 }, (_, at) => pieceOf(at, 9_000));
  const taken: { piece: Uint8Array; copy: Uint8Array }[] = [];
  await readAll(socketOf(pieces).read, (piece) => taken.push({ piece, copy: piece.slice() }));
  for (const { piece, copy } of taken) assertEquals(piece, copy);
});

Deno.test("readAll() makes few arrays for many small pieces, and always has room for a large one", async () => {
  const { rooms, read } = socketOf(Array.from({ length: 1_000 }, () => pieceOf(1, 150)));
  await readAll(read, () => {});
  assert(new Set(rooms.map(({ buffer }) => buffer)).size <= 3);
  assert(rooms.every(({ length }) => length >= 16_384));
});

Deno.test("readAll() makes one array for pieces of which nobody keeps anything", async () => {
  const pieces = Array.from({ length: 200 }, (_, at) => pieceOf(at, 9_000));
  const { rooms, read } = socketOf(pieces);
  const taken: number[] = [];
  await readAll(read, (piece) => {
    taken.push(piece[0]!);
    return false;
  });
  assertEquals(taken, pieces.map(([first]) => first!));
  assertStrictEquals(new Set(rooms.map(({ buffer }) => buffer)).size, 1);
});

Deno.test("readAll() fails as the socket does, and as whoever takes the pieces does", async () => {
  const reset = () => Promise.reject(new Deno.errors.ConnectionReset("reset"));
  await assertRejects(() => readAll(reset, () => {}), Deno.errors.ConnectionReset);
  const junk = () => {
    throw new Error("unexpected");
  };
  const { rooms, read } = socketOf([pieceOf(1, 10), pieceOf(2, 10)]);
  await assertRejects(() => readAll(read, junk), Error, "unexpected");
  assertStrictEquals(rooms.length, 1);
});
