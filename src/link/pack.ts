import type { FrameCode, MessageCode, Numbered } from "./frame.ts";

/** A code, and the length as four bytes, before the bytes of each frame. */
const HEAD = 5;
/** A message of ours is no longer, in bytes: longer ones gain nothing, and one part that is kept keeps all of it. */
export const LONGEST_PACK = 16_384;
const CODES = new Set("tjbumef");

/** What a frame takes up in a pack; `Infinity` for one whose headers tell how it is to be read. */
export function packedSize({ data, headerBlock }: Pick<Numbered, "data" | "headerBlock">): number {
  return headerBlock ? Infinity : data.length + HEAD;
}

/**
 * Several frames as one payload: small ones that are sent one after the other cost a fifth of what a message for each
 * does.
 */
export function pack(frames: readonly Numbered[]): Uint8Array {
  const size = frames.reduce((sum, frame) => sum + packedSize(frame), 0);
  const packed = new Uint8Array(size);
  let at = 0;
  for (const { code, data: { length }, data } of frames) {
    packed[at] = code.charCodeAt(0);
    packed[at + 1] = length >>> 24;
    packed[at + 2] = length >>> 16;
    packed[at + 3] = length >>> 8;
    packed[at + 4] = length;
    packed.set(data, at + HEAD);
    at += HEAD + length;
  }
  return packed;
}

/**
 * The numbered frames that a message holds; `undefined` for what is none. Their bytes are a copy: those that came lie in
 * the chunk that was read from the socket, and one small message would keep all of it. Of a pack whose first frames are
 * there already, only the rest is kept, and must not keep the whole: each frame has bytes of its own.
 */
export function framesIn(
  message: Pick<Numbered, "data" | "headerBlock">,
  number: number,
  code: MessageCode,
  received = 0,
): readonly Numbered[] | undefined {
  if (code === "s") {
    if (message.data.length > LONGEST_PACK) return undefined;
    return unpack(number, new Uint8Array(message.data), number <= received);
  }
  const data = new Uint8Array(message.data);
  return [{
    number,
    code,
    data,
    headerBlock: message.headerBlock && new Uint8Array(message.headerBlock),
  }];
}

/** The frames of a pack, numbered from `first`; `undefined` for what is none. */
function unpack(
  first: number,
  packed: Uint8Array,
  isCopied: boolean,
): readonly Numbered[] | undefined {
  const frames: Numbered[] = [];
  for (let at = 0; at < packed.length;) {
    if (at + HEAD > packed.length) return undefined;
    const code = String.fromCharCode(packed[at]!);
    const length = (packed[at + 1]! << 24 | packed[at + 2]! << 16 | packed[at + 3]! << 8 |
      packed[at + 4]!) >>> 0;
    const end = at + HEAD + length;
    if (!CODES.has(code) || end > packed.length) return undefined;
    const data = isCopied ? packed.slice(at + HEAD, end) : packed.subarray(at + HEAD, end);
    frames.push({
      number: first + frames.length,
      code: code as FrameCode,
      data,
      headerBlock: undefined,
    });
    at = end;
  }
  return frames;
}
