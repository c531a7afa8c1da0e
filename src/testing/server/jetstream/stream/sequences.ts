/** The removed front of the list is cut off once it is this long. */
const WORTH = 64;

/** An ordered list of sequences, made for appending at the end and removing at the front. */
export class Sequences {
  #list: number[] = [];
  #from = 0;

  /** The number of sequences. */
  get size(): number {
    return this.#list.length - this.#from;
  }

  /** The lowest; `undefined` if empty. */
  get first(): number | undefined {
    return this.#list[this.#from];
  }

  /** The highest; `undefined` if empty. */
  get last(): number | undefined {
    return this.size > 0 ? this.#list[this.#list.length - 1] : undefined;
  }

  /** All sequences in ascending order. */
  all(): number[] {
    return this.#list.slice(this.#from);
  }

  /** Appends a sequence higher than all others. */
  push(seq: number): void {
    this.#list.push(seq);
  }

  /** Inserts a sequence at its place. */
  insert(seq: number): void {
    const at = this.#indexFrom(seq);
    if (this.#list[at] !== seq) this.#list.splice(at, 0, seq);
  }

  /** Removes a sequence. */
  remove(seq: number): void {
    const at = this.#indexFrom(seq);
    if (this.#list[at] !== seq) return;
    if (at > this.#from) {
      this.#list.splice(at, 1);
      return;
    }
    this.#from++;
    if (this.#from < WORTH || this.#from * 2 < this.#list.length) return;
    this.#list = this.#list.slice(this.#from);
    this.#from = 0;
  }

  /** The lowest at or after `seq`; `undefined` if there is none. */
  atOrAfter(seq: number): number | undefined {
    return this.#list[this.#indexFrom(seq)];
  }

  /** The highest at or before `seq`; `undefined` if there is none. */
  atOrBefore(seq: number): number | undefined {
    const at = this.#indexFrom(seq + 1) - 1;
    return at >= this.#from ? this.#list[at] : undefined;
  }

  /** The number of sequences at or after `seq`. */
  countFrom(seq: number): number {
    return this.#list.length - this.#indexFrom(seq);
  }

  #indexFrom(seq: number): number {
    let low = this.#from;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#list[middle]! < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
