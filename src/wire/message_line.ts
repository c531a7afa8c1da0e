import { ConnectionError } from "../errors.ts";

const [LF, CR, SPACE, ZERO, NINE] = [10, 13, 32, 48, 57] as const;
/** `\r\n` */
const LINE_END = 2;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const MSG = encoder.encode("msg ");
const HMSG = encoder.encode("hmsg ");
/** What makes an ASCII letter small, and leaves a blank as it is: a server may write its words in any case. */
const SMALL = 32;
/** The numbers of subscriptions grow for as long as the connection lasts; more digits would not be exact. */
const SID_DIGITS = 15;
const SIZE_DIGITS = 8;
/** In bytes, as nats.js has it: room is made for what a server announces. */
const LARGEST = 67_108_864;
/** What of a line is shown that cannot be read, in bytes. */
const SHOWN = 200;

/** Whether a message begins with this byte, and nothing else that a server sends. */
export function beginsMessage(byte: number): boolean {
  const small = byte | SMALL;
  return small === MSG[0] || small === HMSG[0];
}

/**
 * What stands before a message on the wire: `MSG subject sid [reply] size`, or
 * `HMSG subject sid [reply] headers size`. One takes in line after line, as an object for each would be garbage.
 */
export class MessageLine {
  /** Where the blanks of the line are, and perhaps of longer ones before. */
  readonly #blanks: number[] = [];
  /** Where the subject begins. */
  subject = 0;
  /** Where the subject, the number of the subscription and the address of reply end. */
  addresses = 0;
  hasReply = false;
  /** Where the address of reply begins, if there is one. */
  reply = 0;
  /** The number of the subscription. */
  sid = 0;
  /** In bytes. */
  headers = 0;
  /** Headers and body together, in bytes. */
  size = 0;
  /** Where the headers begin, or else the body. */
  end = 0;

  /** Where the body ends; the line end behind it is still part of the message. */
  get bodyEnd(): number {
    return this.end + this.size;
  }

  /** Where what follows the message begins. */
  get messageEnd(): number {
    return this.bodyEnd + LINE_END;
  }

  /**
   * Takes in the line that begins here; gives whether all of it is there.
   *
   * @throws {ConnectionError} if it is no such line
   */
  read(bytes: Uint8Array, from: number): boolean {
    let blanks = 0;
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === SPACE) this.#blanks[blanks++] = at;
      else if (byte === LF) {
        this.end = at + 1;
        if (this.#parse(bytes, from, blanks)) return true;
        throw unreadable(bytes, from);
      }
    }
    return false;
  }

  /** Gives whether it is a line of a message. */
  #parse(bytes: Uint8Array, from: number, blanks: number): boolean {
    const hasHeaders = isAt(bytes, from, HMSG);
    if (!hasHeaders && !isAt(bytes, from, MSG)) return false;
    const words = hasHeaders ? blanks - 1 : blanks;
    if (words < 3 || words > 4 || bytes[this.end - 2] !== CR) return false;
    const [first, second, third] = this.#blanks as [number, number, number];
    const last = this.#blanks[blanks - 1]!;
    this.subject = first + 1;
    this.addresses = this.#blanks[words - 1]!;
    this.hasReply = words === 4;
    this.reply = third + 1;
    this.sid = numberIn(bytes, second + 1, third, SID_DIGITS);
    this.headers = hasHeaders ? numberIn(bytes, this.addresses + 1, last, SIZE_DIGITS) : 0;
    this.size = numberIn(bytes, last + 1, this.end - 2, SIZE_DIGITS);
    const isSized = this.headers >= 0 && this.headers <= this.size && this.size <= LARGEST;
    return this.sid >= 0 && isSized;
  }
}

/** What the connection is ended for. */
export function unreadable(bytes: Uint8Array, from: number): ConnectionError {
  const shown = JSON.stringify(decoder.decode(bytes.subarray(from, from + SHOWN)));
  const rule = "a server must send whole messages";
  return new ConnectionError(`Cannot read on as ${rule}: ${shown}`, "interrupted");
}

function isAt(bytes: Uint8Array, from: number, word: Uint8Array): boolean {
  for (let at = 0; at < word.length; at++) {
    if ((bytes[from + at]! | SMALL) !== word[at]) return false;
  }
  return true;
}

/** The number between two places, or one less than 0 where there is none of so few digits. */
function numberIn(bytes: Uint8Array, from: number, to: number, digits: number): number {
  if (to <= from || to - from > digits) return -1;
  let number = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]!;
    if (digit < ZERO || digit > NINE) return -1;
    number = number * 10 + digit - ZERO;
  }
  return number;
}
