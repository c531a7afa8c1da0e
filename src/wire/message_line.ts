import { ConnectionError } from "../errors.ts";

const [LF, CR, SPACE, ZERO, NINE] = [10, 13, 32, 48, 57] as const;
/** `\r\n` */
const LINE_END = 2;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const MSG = encoder.encode("msg ");
const HMSG = encoder.encode("hmsg ");
/** The bit that turns an ASCII letter to lower case and leaves a blank unchanged: a server may use any case. */
const SMALL = 32;
/** Subscription numbers grow with the connection's life; a number of more digits would not be exact. */
const SID_DIGITS = 15;
const SIZE_DIGITS = 8;
/** In bytes, the limit of nats.js: the reader allocates as much as a server announces. */
const LARGEST = 67_108_864;
/** How many bytes of an unreadable line an error message shows. */
const SHOWN = 200;

/** Whether this byte begins a message, and not another command of the server. */
export function beginsMessage(byte: number): boolean {
  const small = byte | SMALL;
  return small === MSG[0] || small === HMSG[0];
}

/**
 * Parses the line before a message: `MSG subject sid [reply] size`, or `HMSG subject sid [reply] headers size`. One
 * instance parses line after line, as an object for each line would be garbage.
 */
export class MessageLine {
  /** Where the blanks of the line are; behind them there may be leftovers of longer lines. */
  readonly #blanks: number[] = [];
  /** Where the subject begins. */
  subject = 0;
  /** Where the subject, the number of the subscription and the reply address end. */
  addresses = 0;
  hasReply = false;
  /** Where the reply address begins, if there is one. */
  reply = 0;
  /** The number of the subscription. */
  sid = 0;
  /** The size of the headers, in bytes. */
  headers = 0;
  /** Headers and body together, in bytes. */
  size = 0;
  /** Where the headers begin, or the body if there are no headers. */
  end = 0;

  /** Where the body ends; the message ends with a line end behind it. */
  get bodyEnd(): number {
    return this.end + this.size;
  }

  /** Where the message ends and the next data begins. */
  get messageEnd(): number {
    return this.bodyEnd + LINE_END;
  }

  /**
   * Reads the line that begins here; returns whether the line is complete.
   *
   * @throws {ConnectionError} if it is not a message line
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

  /** Parses the line; returns whether it is a valid message line. */
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

/** The error that ends the connection. */
export function unreadable(bytes: Uint8Array, from: number): ConnectionError {
  const shown = JSON.stringify(decoder.decode(bytes.subarray(from, from + SHOWN)));
  const rule = "the server must send whole messages";
  return new ConnectionError(`Cannot read from the server as ${rule}: ${shown}`, "interrupted");
}

function isAt(bytes: Uint8Array, from: number, word: Uint8Array): boolean {
  for (let at = 0; at < word.length; at++) {
    if ((bytes[from + at]! | SMALL) !== word[at]) return false;
  }
  return true;
}

/** The number between two places; negative if there is no number, or one of too many digits. */
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

const [ASTERISK, DOT, GREATER, DEL] = [42, 46, 62, 127] as const;
const [PLAIN, FORBIDDEN, SEPARATING, WIDE] = [0, 1, 2, 3] as const;
/** What each byte is in an address: one look for each, as every request has an address of 30 bytes or more. */
const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === DOT) return SEPARATING;
  if (byte > DEL) return WIDE;
  return [ASTERISK, GREATER, DEL].includes(byte as 42) || byte <= SPACE ? FORBIDDEN : PLAIN;
});
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Whether a peer's reply address, as bytes from the socket, is valid. The server passes it on unchecked, and a control
 * character in it would break the line of the answer apart.
 */
export function isReplyAddress(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
  let dot = from - 1;
  let isWide = false;
  for (let at = from; at < to; at++) {
    const kind = KINDS[bytes[at]!];
    if (kind === PLAIN) continue;
    if (kind === FORBIDDEN) return false;
    if (kind === WIDE) isWide = true;
    else if (at === dot + 1) return false;
    else dot = at;
  }
  return dot !== to - 1 && (!isWide || isText(bytes.subarray(from, to)));
}

/** A blank, a wildcard, a control character, an empty token, or a replacement for bytes that were not UTF-8. */
const ODD = /[\0-\x20*>\x7f\ufffd]|^\.|\.\.|\.$/;

/** The same check for a decoded address. */
export function isReplyText(text: string): boolean {
  return text !== "" && !ODD.test(text);
}

/** Whether the bytes are UTF-8: otherwise they would decode to another address, and the answer would go there. */
function isText(bytes: Uint8Array): boolean {
  try {
    strictDecoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
