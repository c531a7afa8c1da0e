/**
 * The names of frames on the wire: the last token of a frame's reply address, `<number><code>` for a numbered frame and
 * `<code><serial>` for a control frame. So no frame needs a header for its number, and a "no responders" names the
 * frame that found nobody.
 *
 * @module
 */

/**
 * How to read the payload of a numbered frame: with `h` by its headers; `m` is a piece, and more of its body follows.
 */
export type BodyCode = "t" | "j" | "b" | "u" | "h" | "m";

/** `e` ends one direction, `f` the whole link. */
export type FrameCode = BodyCode | "e" | "f";

/** The code of a numbered message: that of its one frame, or `s` for several, whose first has the number. */
export type MessageCode = FrameCode | "s";

/** A frame that is kept until it is acknowledged. */
export interface Numbered {
  readonly number: number;
  readonly code: FrameCode;
  readonly data: Uint8Array;
  readonly headerBlock: Uint8Array | undefined;
}

/** A piece of a body, or an end, that has no number yet. */
export type Unnumbered = Omit<Numbered, "number">;

/** Control frames have no numbers: the next one makes up for a lost one. */
export type ControlKind = "open" | "credit" | "probe" | "gap" | "farewell" | "draining" | "abort";

/** What the last token of a subject says of a message with numbered frames. */
export interface MessageName {
  readonly number: number;
  readonly code: MessageCode;
}

/** What the last token of a subject says. */
export type FrameName =
  | MessageName
  | { readonly kind: ControlKind; readonly serial: number };

const LETTERS: Readonly<Record<ControlKind, string>> = {
  open: "o",
  credit: "c",
  probe: "p",
  gap: "g",
  farewell: "q",
  draining: "d",
  abort: "x",
};
const KINDS = new Map(Object.entries(LETTERS).map(([kind, letter]) => [letter, kind]));
const CODES = "tjbuhmefs";
const ZERO = 48;
const NINE = 57;
/** More digits would not be a whole number any more. */
const MOST_DIGITS = 15;

export function numberedName(number: number, code: MessageCode): string {
  return number + code;
}

export function controlName(kind: ControlKind, serial: number): string {
  return LETTERS[kind] + serial;
}

/** Reads the name between two places of a subject, usually up to its end; `undefined` for what is no name. */
export function parseName(
  subject: string,
  from: number,
  end = subject.length,
): FrameName | undefined {
  const last = end - 1;
  if (subject.charCodeAt(from) <= NINE) {
    const number = digits(subject, from, last);
    const code = subject[last] as MessageCode;
    return number > 0 && CODES.includes(code) ? { number, code } : undefined;
  }
  const kind = KINDS.get(subject[from] ?? "") as ControlKind | undefined;
  const serial = digits(subject, from + 1, end);
  return kind && serial > 0 ? { kind, serial } : undefined;
}

/** Reads the number between two places of a text; 0 for what is no number. */
function digits(text: string, from: number, to: number): number {
  if (to <= from || to - from > MOST_DIGITS) return 0;
  let number = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code < ZERO || code > NINE) return 0;
    number = number * 10 + code - ZERO;
  }
  return number;
}

/** A code, and the length as four bytes, before the bytes of each frame. */
const HEAD = 5;
/**
 * The longest message that we send, in bytes: a longer one gains nothing, and one kept part keeps the whole in memory.
 */
export const LONGEST_PACK = 16_384;
/** The codes that frames of a pack may have, by their bytes: a set would make a text of each byte, and hash it. */
const PACKED_CODES: readonly (FrameCode | undefined)[] = Array.from(
  { length: 256 },
  (_, byte) => [..."tjbumef"].find((code) => code.charCodeAt(0) === byte) as FrameCode | undefined,
);

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
 * The numbered frames of a message; `undefined` for any other message. Their bytes are copies: the originals lie in the
 * chunk that was read from the socket, and one small message would keep all of it. If the first frames of a pack have
 * come before, only the rest is kept, and must not keep the whole: each frame then has bytes of its own.
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

/** The frames of a pack, numbered from `first`; `undefined` for an invalid pack. */
function unpack(
  first: number,
  packed: Uint8Array,
  isCopied: boolean,
): readonly Numbered[] | undefined {
  const frames: Numbered[] = [];
  for (let at = 0; at < packed.length;) {
    if (at + HEAD > packed.length) return undefined;
    const code = PACKED_CODES[packed[at]!];
    const length = (packed[at + 1]! << 24 | packed[at + 2]! << 16 | packed[at + 3]! << 8 |
      packed[at + 4]!) >>> 0;
    const end = at + HEAD + length;
    if (!code || end > packed.length) return undefined;
    const data = isCopied ? packed.slice(at + HEAD, end) : packed.subarray(at + HEAD, end);
    frames.push({
      number: first + frames.length,
      code,
      data,
      headerBlock: undefined,
    });
    at = end;
  }
  return frames;
}
