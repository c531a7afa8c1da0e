import { type MessageLine, unreadable } from "./message_line.ts";

const LF = 10;
/** In bytes, far beyond any server's control line; a line without an end must not grow without limit. */
export const LONGEST_LINE = 1_048_576;

/** A message that arrives in several pieces: joins them, and allocates room for the whole once its size is known. */
export class CutMessage {
  readonly #line: MessageLine;
  #bytes = new Uint8Array(0);
  #filled = 0;
  /** The length of the message, once its line is complete. */
  #length: number | undefined;

  /** Reads the message's line into `line`. */
  constructor(line: MessageLine) {
    this.#line = line;
  }

  /** The whole message; `undefined` while a part is missing. */
  get whole(): Uint8Array | undefined {
    return this.#filled === this.#length ? this.#bytes : undefined;
  }

  /**
   * Takes the bytes of this message; returns how many.
   *
   * @throws {ConnectionError} if it does not begin with a message line
   */
  add(piece: Uint8Array): number {
    if (this.#length !== undefined) return this.#append(piece, this.#length);
    const lineFeed = piece.indexOf(LF);
    const part = lineFeed < 0 ? piece : piece.subarray(0, lineFeed + 1);
    const length = this.#filled + part.length;
    this.#append(part, length);
    if (length > LONGEST_LINE) throw unreadable(this.#bytes, 0);
    if (lineFeed < 0) return part.length;
    this.#line.read(this.#bytes, 0);
    this.#length = this.#line.messageEnd;
    return part.length + this.#append(piece.subarray(part.length), this.#length);
  }

  /** Adds bytes until the message has this length. */
  #append(piece: Uint8Array, length: number): number {
    if (length > this.#bytes.length) this.#makeRoom(length);
    const part = piece.subarray(0, length - this.#filled);
    this.#bytes.set(part, this.#filled);
    this.#filled += part.length;
    return part.length;
  }

  /** Doubles the room while the size is unknown, so that it copies each byte of a line only a few times. */
  #makeRoom(length: number): void {
    const roomy = this.#length === undefined ? Math.max(length, 2 * this.#bytes.length) : length;
    const bytes = new Uint8Array(roomy);
    bytes.set(this.#bytes.subarray(0, this.#filled));
    this.#bytes = bytes;
  }
}
