import { hasWildcard, isSubset } from "../../subject.ts";
import type { StoredMessage } from "../message.ts";
import { Sequences } from "./sequences.ts";
import { SubjectTree } from "./subject_tree.ts";

/** What a message takes beside its bytes, and a place in the index of subjects: measured. */
const MESSAGE = 400;
const NODE = 256;
/** Of more subjects than these the messages are looked through one by one. */
const FEW = 16;

/** The messages of a stream in their order, and where each subject has its own. Sequences are never used twice. */
export class MessageLog {
  readonly #messages = new Map<number, StoredMessage>();
  readonly #subjects = new SubjectTree<Sequences>();
  readonly #sizeOf: (message: StoredMessage) => number;
  #first: number;
  #last: number;
  #bytes = 0;
  #held = 0;
  #lastTime: number | undefined;

  /** `first` is the sequence to begin with, and `sizeOf` what a message counts for. */
  constructor(first: number, sizeOf: (message: StoredMessage) => number) {
    this.#first = Math.max(first, 1);
    this.#last = this.#first - 1;
    this.#sizeOf = sizeOf;
    // an empty log that never had a message begins with 0
    if (first <= 1) this.#first = 0;
  }

  /** How many messages there are. */
  get size(): number {
    return this.#messages.size;
  }

  /** What they count for, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What they take, in bytes as they are estimated. */
  get held(): number {
    return this.#held + this.#messages.size * MESSAGE + this.#subjects.nodes * NODE;
  }

  /** The sequence of the first message, or the one that the next will have. */
  get first(): number {
    return this.#first;
  }

  /** The sequence that was used last. */
  get last(): number {
    return this.#last;
  }

  /** When the first message was stored; `undefined` without one. */
  get firstTime(): number | undefined {
    return this.#messages.get(this.#first)?.time;
  }

  /** When the last message was stored, whether it is still there or not. */
  get lastTime(): number | undefined {
    return this.#lastTime;
  }

  /** How many subjects have messages. */
  get subjects(): number {
    return this.#subjects.size;
  }

  /** Puts a message at the end; its sequence must be the next. */
  append(message: StoredMessage): void {
    const { seq, subject, headers, body, time } = message;
    if (this.#messages.size === 0) this.#first = seq;
    this.#messages.set(seq, message);
    this.#last = seq;
    this.#lastTime = time;
    this.#bytes += this.#sizeOf(message);
    this.#held += subject.length + headers.length + body.length;
    const known = this.#subjects.get(subject);
    if (known) return known.push(seq);
    const sequences = new Sequences();
    sequences.push(seq);
    this.#subjects.set(subject, sequences);
  }

  /** Uses the next sequence for nothing. */
  skip(time: number): number {
    this.#last++;
    this.#lastTime = time;
    if (this.#messages.size === 0) this.#first = this.#last + 1;
    return this.#last;
  }

  /** Removes a message, and gives it; `undefined` without one. */
  remove(seq: number): StoredMessage | undefined {
    const message = this.#messages.get(seq);
    if (!message) return undefined;
    const { subject, headers, body } = message;
    this.#messages.delete(seq);
    this.#bytes -= this.#sizeOf(message);
    this.#held -= subject.length + headers.length + body.length;
    const sequences = this.#subjects.get(subject)!;
    sequences.remove(seq);
    if (sequences.size === 0) this.#subjects.delete(subject);
    if (seq === this.#first) this.#moveFirst();
    return message;
  }

  /** Removes all, and goes on with that sequence. */
  clear(next: number = this.#last + 1): void {
    this.#messages.clear();
    this.#subjects.clear();
    this.#bytes = 0;
    this.#held = 0;
    this.#first = next;
    this.#last = next - 1;
  }

  /** The message of a sequence. */
  get(seq: number): StoredMessage | undefined {
    return this.#messages.get(seq);
  }

  /** The first message not below that matches the filter. An empty filter matches all. */
  next(filter: string, from: number): StoredMessage | undefined {
    const start = Math.max(from, this.#first);
    if (filter !== "" && filter !== ">") {
      if (!hasWildcard(filter)) return this.#at(this.#subjects.get(filter)?.atOrAfter(start));
      const found = this.#subjects.match(filter, FEW);
      if (found.length === 0) return undefined;
      if (found.length <= FEW) {
        return this.#at(least(found.map(([, sequences]) => sequences.atOrAfter(start))));
      }
    }
    for (let seq = start; seq <= this.#last; seq++) {
      const message = this.#messages.get(seq);
      if (message && matches(message.subject, filter)) return message;
    }
    return undefined;
  }

  /** All messages not below, as they are found: those that go meanwhile are passed over. */
  *each(from = 0): Generator<StoredMessage> {
    for (let found = this.next("", from); found; found = this.next("", found.seq + 1)) yield found;
  }

  /** The last message of the subjects that the filter matches, not above `until`. */
  lastOf(filter: string, until: number = this.#last): StoredMessage | undefined {
    if (!hasWildcard(filter)) return this.#at(this.#subjects.get(filter)?.atOrBefore(until));
    let last = 0;
    for (const [, sequences] of this.#subjects.match(filter)) {
      last = Math.max(last, sequences.atOrBefore(until) ?? 0);
    }
    return this.#at(last);
  }

  /** The sequences of the last message of each subject that the filter matches, not above `until`. */
  lastOfEach(filter: string, until: number = this.#last): number[] {
    return this.#subjects.match(filter).flatMap(([, sequences]) =>
      sequences.atOrBefore(until) ?? []
    );
  }

  /** The sequences of all messages that match the filter, in order. An empty one matches all. */
  sequencesOf(filter: string): number[] {
    if (filter === "" || filter === ">") return [...this.#messages.keys()];
    const found = this.#subjects.match(filter).map(([, sequences]) => sequences.all());
    return found.length === 1 ? found[0]! : found.flat().sort((one, other) => one - other);
  }

  /** How many messages each subject has that the filter matches. */
  totals(filter: string): [subject: string, messages: number][] {
    return this.#subjects.match(filter).map(([subject, { size }]) => [subject, size]);
  }

  /** How many messages a subject has. */
  countOf(subject: string): number {
    return this.#subjects.get(subject)?.size ?? 0;
  }

  /** How many messages not below match the filter; an empty one matches all. */
  countFrom(filter: string, from: number): number {
    if (filter !== "" && filter !== ">") {
      if (!hasWildcard(filter)) return this.#subjects.get(filter)?.countFrom(from) ?? 0;
      const found = this.#subjects.match(filter);
      return found.reduce((sum, [, sequences]) => sum + sequences.countFrom(from), 0);
    }
    if (from <= this.#first) return this.#messages.size;
    if (from > this.#last) return 0;
    if (this.#messages.size === this.#last - this.#first + 1) return this.#last - from + 1;
    let count = 0;
    for (let seq = from; seq <= this.#last; seq++) if (this.#messages.has(seq)) count++;
    return count;
  }

  /** The sequence of the first message that is not older; the next one if all are. */
  seqAt(time: number): number {
    let low = this.#first;
    let high = this.#last + 1;
    if (this.#messages.size === 0) return high;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      let found = middle;
      while (found < high && !this.#messages.has(found)) found++;
      if (found < high && this.#messages.get(found)!.time < time) low = found + 1;
      else high = middle;
    }
    while (low <= this.#last && !this.#messages.has(low)) low++;
    return low;
  }

  /** The sequences between the first and the last that have no message. */
  deleted(): number[] {
    const gone: number[] = [];
    if (this.#messages.size === 0) return gone;
    for (let seq = this.#first; seq <= this.#last; seq++) {
      if (!this.#messages.has(seq)) gone.push(seq);
    }
    return gone;
  }

  #at(seq: number | undefined): StoredMessage | undefined {
    return seq === undefined ? undefined : this.#messages.get(seq);
  }

  /** Asking a `Map` for its first key would go over all that were removed, each time anew. */
  #moveFirst(): void {
    if (this.#messages.size === 0) {
      this.#first = this.#last + 1;
    } else {
      while (!this.#messages.has(this.#first)) this.#first++;
    }
  }
}

function matches(subject: string, filter: string): boolean {
  return filter === "" || filter === ">" || isSubset(subject, filter);
}

function least(sequences: readonly (number | undefined)[]): number | undefined {
  const known = sequences.filter((seq) => seq !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
