/** A heap up to this size is never rebuilt to drop its outdated entries. */
const WORTH = 64;

/** Keys ordered by the time each is due. Finds the next key at once; removed keys do not pile up in the heap. */
export class Agenda<K> {
  readonly #times = new Map<K, number>();
  /** A binary heap, the earliest time on top. May still hold entries that were removed or moved since. */
  #heap: [time: number, key: K][] = [];

  /** The number of keys. */
  get size(): number {
    return this.#times.size;
  }

  /** Schedules a key for a time, replacing its previous time. */
  set(key: K, time: number): void {
    this.#times.set(key, time);
    this.#heap.push([time, key]);
    this.#rise(this.#heap.length - 1);
    if (this.#heap.length > WORTH && this.#heap.length > 2 * this.#times.size) this.#rebuild();
  }

  /** Removes a key. */
  delete(key: K): void {
    this.#times.delete(key);
    if (this.#times.size === 0) this.#heap = [];
  }

  /** Removes all keys. */
  clear(): void {
    this.#times.clear();
    this.#heap = [];
  }

  /** The time of the next due key; `undefined` when empty. */
  get next(): number | undefined {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (this.#times.get(top[1]) === top[0]) return top[0];
      this.#dropTop();
    }
    return undefined;
  }

  /** Removes and returns the next key due at `now`; `undefined` when none is due. */
  take(now: number): K | undefined {
    const next = this.next;
    if (next === undefined || next > now) return undefined;
    const key = this.#heap[0]![1];
    this.#dropTop();
    this.#times.delete(key);
    return key;
  }

  /** Removes and returns all keys due at `now`. */
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
