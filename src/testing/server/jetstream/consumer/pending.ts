import { Sequences } from "../stream/sequences.ts";
import type { Position } from "./progress.ts";

/** Memory of an open message, in bytes: measured. */
const OPEN = 200;

/** An open message: delivered and not yet acknowledged. */
export interface Open {
  /** The consumer sequence of its first delivery. */
  readonly number: number;
  /** When its ack wait started, in milliseconds since 1970. */
  time: number;
}

/** The open messages: delivered and not yet acknowledged. */
export class Pending {
  readonly #open = new Map<number, Open>();
  readonly #order = new Sequences();

  /** The number of open messages. */
  get size(): number {
    return this.#open.size;
  }

  /** Estimated memory in bytes. */
  get held(): number {
    return this.#open.size * OPEN;
  }

  /** The first open message in stream order. */
  get first(): Position | undefined {
    const stream = this.#order.first;
    return stream === undefined ? undefined : { consumer: this.#open.get(stream)!.number, stream };
  }

  /** The sequences of all open messages, in order. */
  sequences(): number[] {
    return this.#order.all();
  }

  /** The open message with that sequence. */
  get(seq: number): Open | undefined {
    return this.#open.get(seq);
  }

  /** Records a delivery or redelivery. */
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

  /** Removes an open message. */
  delete(seq: number): void {
    if (this.#open.delete(seq)) this.#order.remove(seq);
  }

  /** The open sequences up to and including one. */
  upTo(seq: number): number[] {
    const found: number[] = [];
    for (let at = this.#order.first; at !== undefined && at <= seq;) {
      found.push(at);
      at = this.#order.atOrAfter(at + 1);
    }
    return found;
  }

  /** Removes all open messages. */
  clear(): void {
    for (const seq of this.sequences()) this.delete(seq);
  }
}
