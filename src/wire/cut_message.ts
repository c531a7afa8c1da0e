import { type MessageLine, unreadable } from "./message_line.ts";

const LF = 10;
/** In bytes, far beyond any control line that a server is set to; one without an end must not grow for ever. */
export const LONGEST_LINE = 1_048_576;

/** A message that comes in several pieces: put together, with room made for all of it once its size is known. */
export class CutMessage {
  readonly #line: MessageLine;
  #bytes = new Uint8Array(0);
  #filled = 0;
  /** How long it is, as soon as its line says so. */
  #length: number | undefined;

  /** Its line is read into this one. */
  constructor(line: MessageLine) {
    this.#line = line;
  }

  /** All of it, `undefined` while some is missing. */
  get whole(): Uint8Array | undefined {
    return this.#filled === this.#length ? this.#bytes : undefined;
  }

  /**
   * Takes what is its own; gives how much that is.
   *
   * @throws {ConnectionError} if it does not begin as a message does
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

  /** Adds as much as makes it so long. */
  #append(piece: Uint8Array, length: number): number {
    if (length > this.#bytes.length) this.#makeRoom(length);
    const part = piece.subarray(0, length - this.#filled);
    this.#bytes.set(part, this.#filled);
    this.#filled += part.length;
    return part.length;
  }

  /** Twice as much each time while the size is not known, so that no byte of a line is copied again and again. */
  #makeRoom(length: number): void {
    const roomy = this.#length === undefined ? Math.max(length, 2 * this.#bytes.length) : length;
    const bytes = new Uint8Array(roomy);
    bytes.set(this.#bytes.subarray(0, this.#filled));
    this.#bytes = bytes;
  }
}
