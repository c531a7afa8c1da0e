import { numberOf } from "./news.ts";

/** What one reader heard of the messages of one sender. */
export class Heard {
  readonly #size: number;
  readonly #numbers = new Set<number>();
  #last = -1;
  #duplicated = 0;
  #disordered = 0;
  #foreign = 0;

  /** Each message has so many bytes. */
  constructor(size: number) {
    this.#size = size;
  }

  get numbers(): ReadonlySet<number> {
    return this.#numbers;
  }

  get duplicated(): number {
    return this.#duplicated;
  }

  /** How many came after a later one. */
  get disordered(): number {
    return this.#disordered;
  }

  /** How many were not whole. */
  get foreign(): number {
    return this.#foreign;
  }

  take(news: string): void {
    const number = numberOf(news, this.#size);
    if (number === undefined) this.#foreign++;
    else if (this.#numbers.has(number)) this.#duplicated++;
    else {
      if (number < this.#last) this.#disordered++;
      this.#last = Math.max(this.#last, number);
      this.#numbers.add(number);
    }
  }
}
