/** After how many additions the entries move to a new map, at least. */
const FEWEST = 1_024;

/**
 * A map whose entries come and go thousands of times a second.
 *
 * The engine's own map rebuilds its table again and again then, and each old table leads to the next. Once the collector
 * has moved one of them to the space of long-lived objects, all that the later ones ever held lives on until a full
 * collection, and is copied twice before: that takes a fifth of the time of a busy client. A new map breaks the chain.
 */
export class BusyMap<Key, Value> {
  #map = new Map<Key, Value>();
  #additions = 0;

  /** How many entries there are. */
  get size(): number {
    return this.#map.size;
  }

  /** The value of a key. */
  get(key: Key): Value | undefined {
    return this.#map.get(key);
  }

  /** Whether there is such a key. */
  has(key: Key): boolean {
    return this.#map.has(key);
  }

  /** Adds an entry, or replaces its value. */
  set(key: Key, value: Value): void {
    // as many additions as entries, so that a large map is seldom copied
    if (++this.#additions > FEWEST && this.#additions > this.#map.size) {
      this.#map = new Map(this.#map);
      this.#additions = 0;
    }
    this.#map.set(key, value);
  }

  /** Removes an entry. */
  delete(key: Key): void {
    this.#map.delete(key);
  }

  /** The keys, in the order of their addition. */
  keys(): IterableIterator<Key> {
    return this.#map.keys();
  }

  /** The values, in the order of their addition. */
  values(): IterableIterator<Value> {
    return this.#map.values();
  }

  /** The entries, in the order of their addition; one that is removed meanwhile is left out. */
  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.#map[Symbol.iterator]();
  }
}
