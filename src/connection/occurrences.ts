/** For how long a flood is one, in milliseconds. */
const WINDOW = 10_000;
/** So many events are emitted one by one within that time. */
const SINGLY = 10;
/** So many sentences are counted separately; all others share one count. */
const KINDS = 64;

interface Kind {
  count: number;
  since: number;
  within: number;
}

/** Counts what a server says again and again, so that a flood of it is not a flood of events. */
export class Occurrences {
  readonly #kinds = new Map<string, Kind>();

  /** Counts what comes `now`; gives how often it has come, and whether that is to be told. */
  add(sentence: string, now: number): { readonly count: number; readonly isTold: boolean } {
    const kind = this.#kindOf(sentence);
    if (now - kind.since >= WINDOW) Object.assign(kind, { since: now, within: 0 });
    kind.within++;
    const isTold = kind.within <= SINGLY || Number.isInteger(Math.log10(kind.within));
    return { count: ++kind.count, isTold };
  }

  #kindOf(sentence: string): Kind {
    const key = this.#kinds.size < KINDS || this.#kinds.has(sentence) ? sentence : "";
    let kind = this.#kinds.get(key);
    if (!kind) this.#kinds.set(key, kind = { count: 0, since: 0, within: 0 });
    return kind;
  }
}
