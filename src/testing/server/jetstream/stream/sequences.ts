/** Past so many removed at the front the rest moves up. */
const WORTH = 64;

/** Sequences in order: they come at the end, and go mostly at the front. */
export class Sequences {
  #list: number[] = [];
  #from = 0;

  /** How many there are. */
  get size(): number {
    return this.#list.length - this.#from;
  }

  /** The least; `undefined` without one. */
  get first(): number | undefined {
    return this.#list[this.#from];
  }

  /** The greatest; `undefined` without one. */
  get last(): number | undefined {
    return this.size > 0 ? this.#list[this.#list.length - 1] : undefined;
  }

  /** All, from the least to the greatest. */
  all(): number[] {
    return this.#list.slice(this.#from);
  }

  /** Adds one that is greater than all others. */
  push(seq: number): void {
    this.#list.push(seq);
  }

  /** Adds one wherever it belongs. */
  insert(seq: number): void {
    const at = this.#indexFrom(seq);
    if (this.#list[at] !== seq) this.#list.splice(at, 0, seq);
  }

  /** Removes one. */
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

  /** The least that is not below; `undefined` without one. */
  atOrAfter(seq: number): number | undefined {
    return this.#list[this.#indexFrom(seq)];
  }

  /** The greatest that is not above; `undefined` without one. */
  atOrBefore(seq: number): number | undefined {
    const at = this.#indexFrom(seq + 1) - 1;
    return at >= this.#from ? this.#list[at] : undefined;
  }

  /** How many are not below. */
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
