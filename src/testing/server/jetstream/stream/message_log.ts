import { hasWildcard, isSubset } from "../../subject.ts";
import type { StoredMessage } from "../message.ts";
import { Sequences } from "./sequences.ts";
import { SubjectTree } from "./subject_tree.ts";

/** Memory of a message without its bytes, including its index entry: measured. */
const MESSAGE = 400;
const NODE = 256;
/** A filter that matches more subjects than this is evaluated by scanning the messages. */
const FEW = 16;

/** A stream's messages in order, with an index by subject. Sequences are never reused. */
export class MessageLog {
  readonly #messages = new Map<number, StoredMessage>();
  readonly #subjects = new SubjectTree<Sequences>();
  readonly #sizeOf: (message: StoredMessage) => number;
  #first: number;
  #last: number;
  #bytes = 0;
  #held = 0;
  #lastTime: number | undefined;

  /** `first` is the first sequence; `sizeOf` gives the size of a message by the stream's rules. */
  constructor(first: number, sizeOf: (message: StoredMessage) => number) {
    this.#first = Math.max(first, 1);
    this.#last = this.#first - 1;
    this.#sizeOf = sizeOf;
    // like nats-server, a log that never had a message reports first sequence 0
    if (first <= 1) this.#first = 0;
  }

  /** The number of messages. */
  get size(): number {
    return this.#messages.size;
  }

  /** The size of all messages by the stream's rules, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Estimated memory in bytes. */
  get held(): number {
    return this.#held + this.#messages.size * MESSAGE + this.#subjects.nodes * NODE;
  }

  /** The sequence of the first message; without messages, the next sequence. */
  get first(): number {
    return this.#first;
  }

  /** The last sequence used. */
  get last(): number {
    return this.#last;
  }

  /** When the first message was stored; `undefined` without messages. */
  get firstTime(): number | undefined {
    return this.#messages.get(this.#first)?.time;
  }

  /** When the last message was stored, even if it was removed since. */
  get lastTime(): number | undefined {
    return this.#lastTime;
  }

  /** The number of subjects with messages. */
  get subjects(): number {
    return this.#subjects.size;
  }

  /** Appends a message; sequences between the last one and its own stay empty. */
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

  /** Skips all sequences up to this one; `time` is the time of the last one, if known. */
  skipTo(seq: number, time: number | undefined = this.#lastTime): void {
    this.#last = seq;
    this.#lastTime = time;
    if (this.#messages.size === 0) this.#first = seq + 1;
  }

  /** Removes and returns a message; `undefined` if there is none. */
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

  /** Removes all messages; `next` is the next sequence. */
  clear(next: number = this.#last + 1): void {
    this.#messages.clear();
    this.#subjects.clear();
    this.#bytes = 0;
    this.#held = 0;
    this.#first = next;
    this.#last = next - 1;
  }

  /** The message with that sequence. */
  get(seq: number): StoredMessage | undefined {
    return this.#messages.get(seq);
  }

  /** The first matching message at or after a sequence. An empty filter matches all. */
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

  /** All messages from a sequence on; messages removed during the iteration are skipped. */
  *each(from = 0): Generator<StoredMessage> {
    for (let found = this.next("", from); found; found = this.next("", found.seq + 1)) yield found;
  }

  /** The last message, up to sequence `until`, of the subjects that match the filter. */
  lastOf(filter: string, until: number = this.#last): StoredMessage | undefined {
    if (!hasWildcard(filter)) return this.#at(this.#subjects.get(filter)?.atOrBefore(until));
    let last = 0;
    for (const [, sequences] of this.#subjects.match(filter)) {
      last = Math.max(last, sequences.atOrBefore(until) ?? 0);
    }
    return this.#at(last);
  }

  /** The sequences, up to `until`, of the last message of each subject that matches the filter. */
  lastOfEach(filter: string, until: number = this.#last): number[] {
    return this.#subjects.match(filter).flatMap(([, sequences]) =>
      sequences.atOrBefore(until) ?? []
    );
  }

  /** The sequences of all matching messages, in order. An empty filter matches all. */
  sequencesOf(filter: string): number[] {
    if (filter === "" || filter === ">") return [...this.#messages.keys()];
    const found = this.#subjects.match(filter).map(([, sequences]) => sequences.all());
    return found.length === 1 ? found[0]! : found.flat().sort((one, other) => one - other);
  }

  /** The number of messages of each subject that matches the filter. */
  totals(filter: string): [subject: string, messages: number][] {
    return this.#subjects.match(filter).map(([subject, { size }]) => [subject, size]);
  }

  /** The number of messages of a subject. */
  countOf(subject: string): number {
    return this.#subjects.get(subject)?.size ?? 0;
  }

  /** The number of matching messages from a sequence on. An empty filter matches all. */
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

  /** The sequence of the first message at or after a time; the next sequence if all are older. */
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

  /** The sequences without a message, between the first and the last. */
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

  /** Tracks the first sequence: finding a `Map`'s first key costs a scan over the keys removed before it, each time. */
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
