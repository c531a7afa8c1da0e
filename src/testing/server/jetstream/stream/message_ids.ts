import { NANOSECONDS } from "../time.ts";

/** Memory of an id without its characters, in bytes: measured. */
const ENTRY = 160;
/** The removed front of the list is cut off once it is this long. */
const WORTH = 1_024;

interface Entry {
  readonly id: string;
  readonly seq: number;
  readonly time: number;
}

/** The message ids of the duplicate window. */
export class MessageIds {
  readonly #known = new Map<string, Entry>();
  #queue: Entry[] = [];
  #from = 0;
  #held = 0;

  /** Estimated memory in bytes. */
  get held(): number {
    return this.#held;
  }

  /** The sequence of the message with that id; `undefined` if there is none within the window. */
  seqOf(id: string, window: number, now: number): number | undefined {
    this.#forget(now - window / NANOSECONDS);
    return this.#known.get(id)?.seq;
  }

  /** Records the id of a message. */
  note(id: string, seq: number, time: number, window: number): void {
    if (window <= 0) return;
    this.#forget(time - window / NANOSECONDS);
    const entry = { id, seq, time };
    this.#known.set(id, entry);
    this.#queue.push(entry);
    this.#held += id.length + ENTRY;
  }

  #forget(until: number): void {
    for (let entry = this.#queue[this.#from]; entry; entry = this.#queue[this.#from]) {
      if (entry.time > until) break;
      if (this.#known.get(entry.id) === entry) this.#known.delete(entry.id);
      this.#held -= entry.id.length + ENTRY;
      this.#from++;
    }
    if (this.#from < WORTH || this.#from * 2 < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#from);
    this.#from = 0;
  }
}
