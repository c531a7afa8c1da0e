import type { MessageLog } from "../stream/message_log.ts";
import type { SubjectFilter } from "./filter.ts";

/** How many messages a consumer has yet to deliver: counted once, and kept right by what happens. */
export class Remaining {
  readonly #log: MessageLog;
  #count = 0;
  /** Messages up to here have been counted. */
  #until = 0;

  constructor(log: MessageLog) {
    this.#log = log;
  }

  /** How many there are. */
  get count(): number {
    return Math.max(this.#count, 0);
  }

  /** Counts anew from a sequence on; of each subject only the last where that is all there is to deliver. */
  recount(filter: SubjectFilter, from: number, lastOfEach: boolean): void {
    this.#count = lastOfEach
      ? filter.lastOfEach(this.#log).filter((seq) => seq >= from).length
      : filter.count(this.#log, from);
    this.#until = this.#log.last;
  }

  /** One more was stored. */
  stored(seq: number): void {
    if (seq > this.#until) this.#count++;
  }

  /** One was delivered, or is gone. */
  less(): void {
    this.#count--;
  }

  /** One was not delivered after all, or many are to be delivered again. */
  more(by: number): void {
    this.#count += by;
  }

  /** The end was reached: whatever was counted, nothing remains. */
  end(): void {
    this.#count = 0;
    this.#until = this.#log.last;
  }

  /** There cannot be more than there are messages from a sequence on. */
  cap(from: number): void {
    const { last, size } = this.#log;
    if (from > last) this.#count = 0;
    else if (this.#count > 0) this.#count = Math.min(this.#count, size, last - from + 1);
  }
}
