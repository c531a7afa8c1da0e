import { Sequences } from "../stream/sequences.ts";
import type { Position } from "./progress.ts";

/** What an open message takes, in bytes: measured. */
const OPEN = 200;

/** A message that was delivered and not yet acknowledged. */
export interface Open {
  /** The number of its first delivery. */
  readonly number: number;
  /** From when on its acknowledgement is waited for, in milliseconds since 1970. */
  time: number;
}

/** The messages that were delivered and not yet acknowledged. */
export class Pending {
  readonly #open = new Map<number, Open>();
  readonly #order = new Sequences();

  /** How many there are. */
  get size(): number {
    return this.#open.size;
  }

  /** What they take, in bytes as they are estimated. */
  get held(): number {
    return this.#open.size * OPEN;
  }

  /** The first of them in the stream. */
  get first(): Position | undefined {
    const stream = this.#order.first;
    return stream === undefined ? undefined : { consumer: this.#open.get(stream)!.number, stream };
  }

  /** All, in the order of the stream. */
  sequences(): number[] {
    return this.#order.all();
  }

  /** The one of that sequence. */
  get(seq: number): Open | undefined {
    return this.#open.get(seq);
  }

  /** A message was delivered, for the first time or again. */
  note(seq: number, number: number, time: number): void {
    const known = this.#open.get(seq);
    if (known) {
      known.time = time;
      return;
    }
    this.#open.set(seq, { number, time });
    if (seq > (this.#order.last ?? 0)) this.#order.push(seq);
    else this.#order.insert(seq);
  }

  /** One is open no more. */
  delete(seq: number): void {
    if (this.#open.delete(seq)) this.#order.remove(seq);
  }

  /** Those up to a sequence. */
  upTo(seq: number): number[] {
    const found: number[] = [];
    for (let at = this.#order.first; at !== undefined && at <= seq;) {
      found.push(at);
      at = this.#order.atOrAfter(at + 1);
    }
    return found;
  }

  /** None is open any more. */
  clear(): void {
    for (const seq of this.sequences()) this.delete(seq);
  }
}
