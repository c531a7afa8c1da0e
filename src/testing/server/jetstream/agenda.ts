/** Past so many the ones that were taken back are looked for. */
const WORTH = 64;

/** What is due at which time: the next is found at once, and what was taken back leaves nothing behind. */
export class Agenda<K> {
  readonly #times = new Map<K, number>();
  /** A heap, the least on top. It may hold what was taken back or put off since. */
  #heap: [time: number, key: K][] = [];

  /** How many there are. */
  get size(): number {
    return this.#times.size;
  }

  /** Puts one down for a time, in place of the time it had. */
  set(key: K, time: number): void {
    this.#times.set(key, time);
    this.#heap.push([time, key]);
    this.#rise(this.#heap.length - 1);
    if (this.#heap.length > WORTH && this.#heap.length > 2 * this.#times.size) this.#rebuild();
  }

  /** Takes one back. */
  delete(key: K): void {
    this.#times.delete(key);
    if (this.#times.size === 0) this.#heap = [];
  }

  /** Takes all back. */
  clear(): void {
    this.#times.clear();
    this.#heap = [];
  }

  /** When the next is due; `undefined` where none is. */
  get next(): number | undefined {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (this.#times.get(top[1]) === top[0]) return top[0];
      this.#dropTop();
    }
    return undefined;
  }

  /** Takes the next one that is due by then; `undefined` where none is. */
  take(now: number): K | undefined {
    const next = this.next;
    if (next === undefined || next > now) return undefined;
    const key = this.#heap[0]![1];
    this.#dropTop();
    this.#times.delete(key);
    return key;
  }

  /** Takes all that are due by then. */
  takeAll(now: number): K[] {
    const due: K[] = [];
    for (let key = this.take(now); key !== undefined; key = this.take(now)) due.push(key);
    return due;
  }

  #rebuild(): void {
    this.#heap = Array.from(this.#times, ([key, time]): [number, K] => [time, key]);
    this.#heap.sort(([one], [other]) => one - other);
  }

  #dropTop(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink();
  }

  #rise(at: number): void {
    const heap = this.#heap;
    for (let parent = (at - 1) >> 1; at > 0; parent = (at - 1) >> 1) {
      if (heap[parent]![0] <= heap[at]![0]) return;
      [heap[parent], heap[at]] = [heap[at]!, heap[parent]!];
      at = parent;
    }
  }

  #sink(): void {
    const heap = this.#heap;
    for (let at = 0;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const child = right < heap.length && heap[right]![0] < heap[left]![0] ? right : left;
      if (heap[at]![0] <= heap[child]![0]) return;
      [heap[child], heap[at]] = [heap[at]!, heap[child]!];
      at = child;
    }
  }
}
