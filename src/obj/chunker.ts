import type { Parts } from "./body.ts";

/** A part of an object as it is stored. */
export interface Chunk {
  readonly data: Uint8Array;
  /** The buffer to reuse once the chunk is stored; `undefined` if it belongs to the program. */
  readonly buffer: Uint8Array | undefined;
}

/**
 * Cuts a body into chunks of one size. Parts of a stream are copied, as its source may reuse their buffers; the copies
 * reuse a few buffers, as allocating a new one per chunk would make the process grow far beyond what it holds.
 */
export class Chunker {
  readonly #parts: Parts;
  readonly #size: number;
  readonly #free: Uint8Array[] = [];
  /** The rest of the last part read. */
  #rest: Uint8Array = new Uint8Array();
  #isEnded = false;

  constructor(parts: Parts, size: number) {
    this.#parts = parts;
    this.#size = size;
  }

  /** The next chunk; `undefined` at the end. Only the last one can be shorter. */
  async next(): Promise<Chunk | undefined> {
    let buffer: Uint8Array | undefined;
    let length = 0;
    while (length < this.#size) {
      if (this.#rest.length === 0 && !await this.#read()) break;
      if (this.#parts.areStable) return { data: this.#take(this.#size), buffer: undefined };
      buffer ??= this.#free.pop() ?? new Uint8Array(this.#size);
      const taken = this.#take(this.#size - length);
      buffer.set(taken, length);
      length += taken.length;
    }
    return buffer && { data: buffer.subarray(0, length), buffer };
  }

  /** Returns a chunk's buffer for reuse. */
  release({ buffer }: Chunk): void {
    if (buffer) this.#free.push(buffer);
  }

  #take(most: number): Uint8Array {
    const taken = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  /** Reads the next part that is not empty; `false` at the end. */
  async #read(): Promise<boolean> {
    while (!this.#isEnded && this.#rest.length === 0) {
      const part = await this.#parts.next();
      this.#isEnded = part === undefined;
      this.#rest = part ?? this.#rest;
    }
    return this.#rest.length > 0;
  }
}
