const INITIAL = 4 * 1024;
/** A buffer larger than this, in bytes, is released after a burst. */
const KEEP = 1024 * 1024;

const NOTHING = new Uint8Array(0);
const CR = 13;
const LF = 10;

/** Collects the bytes for one client: one buffer fills while the server writes the other. */
export class Outbound {
  #bytes: Uint8Array = new Uint8Array(INITIAL);
  #spare: Uint8Array | undefined;
  #length = 0;

  /** How many bytes wait. */
  get length(): number {
    return this.#length;
  }

  /** Makes room, so that what is put next does not have to look. */
  reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  /** Puts a byte string; room must have been reserved. */
  text(text: string): void {
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  /** Puts bytes; room must have been reserved. */
  bytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Ends a line; room must have been reserved. */
  newLine(): void {
    this.#bytes[this.#length++] = CR;
    this.#bytes[this.#length++] = LF;
  }

  /** Puts a whole line. */
  line(text: string): void {
    this.reserve(text.length + 2);
    this.text(text);
    this.newLine();
  }

  /** Everything that waits. It is valid until {@linkcode release}. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = this.#spare ?? new Uint8Array(INITIAL);
    this.#spare = undefined;
    this.#length = 0;
    return taken;
  }

  /** Drops everything that waits. */
  discard(): void {
    this.#bytes = NOTHING;
    this.#spare = undefined;
    this.#length = 0;
  }

  /** Releases the buffer that was taken. */
  release(taken: Uint8Array): void {
    if (taken.buffer.byteLength <= KEEP) this.#spare = new Uint8Array(taken.buffer as ArrayBuffer);
  }
}
