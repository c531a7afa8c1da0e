/**
 * The names of frames on the wire: the last token of a frame's address of reply, `<number><code>` for a numbered one and
 * `<code><serial>` for a control frame. So no frame needs a header for its number, and a "no responders" names the frame
 * that found nobody.
 *
 * @module
 */

/** How a numbered frame's payload is to be read; by its headers, for `h`. `m` is a piece, and more of it follows. */
export type BodyCode = "t" | "j" | "b" | "u" | "h" | "m";

/** `e` ends one direction, `f` the whole link. */
export type FrameCode = BodyCode | "e" | "f";

/** What a message with a number is: one frame, or with `s` several, of which this is the first's. */
export type MessageCode = FrameCode | "s";

/** A frame that is kept until it is acknowledged. */
export interface Numbered {
  readonly number: number;
  readonly code: FrameCode;
  readonly data: Uint8Array;
  readonly headerBlock: Uint8Array | undefined;
}

/** Control frames are not numbered, and whoever misses one is told the same again by the next. */
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

/** Reads what stands between two places of a subject, `undefined` for what is no name; it goes to the end of it usually. */
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

/** The number that stands there, 0 for what is none. */
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
