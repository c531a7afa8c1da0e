import { utf8 } from "../message/raw_message.ts";

/** What one side knows of both directions; every control frame carries it, and of two the larger numbers are newer. */
export interface Tally {
  /** The number of the last frame that came in order: all up to it are acknowledged. */
  readonly received: number;
  /** The last number that the other side may send. */
  readonly frames: number;
  /** The other side may begin a frame while it has sent fewer bytes than this in all. */
  readonly bytes: number;
  /** The number of the last frame that was sent before this. */
  readonly sent: number;
  /** Addresses of reply up to this serial are of no use any more. */
  readonly spent: number;
}

const ascii = new TextDecoder();
const FORM = /^(\d{1,16}) (\d{1,16}) (\d{1,16}) (\d{1,16}) (\d{1,16})$/;
/** Five numbers and the blanks between them; what is longer is not worth decoding. */
const LONGEST = 84;

export function encodeTally({ received, frames, bytes, sent, spent }: Tally): Uint8Array {
  return utf8(`${received} ${frames} ${bytes} ${sent} ${spent}`);
}

/** `undefined` for what is none. */
export function parseTally(data: Uint8Array): Tally | undefined {
  const found = data.length > LONGEST ? null : FORM.exec(ascii.decode(data));
  if (!found) return undefined;
  const [received, frames, bytes, sent, spent] = found.slice(1).map(Number) as Numbers;
  return { received, frames, bytes, sent, spent };
}

type Numbers = [number, number, number, number, number];
