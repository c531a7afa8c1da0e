import type { MessageLog } from "../stream/message_log.ts";
import type { SubjectFilter } from "../stream/subject_filter.ts";

/** The number of messages that a consumer has yet to deliver: counted once, then adjusted with each event. */
export class Remaining {
  readonly #log: MessageLog;
  #count = 0;
  /** Messages up to this sequence are counted. */
  #until = 0;

  constructor(log: MessageLog) {
    this.#log = log;
  }

  /** The number of messages. */
  get count(): number {
    return Math.max(this.#count, 0);
  }

  /** Recounts from a sequence on; `lastOfEach` counts only the last message of each subject. */
  recount(filter: SubjectFilter, from: number, lastOfEach: boolean): void {
    this.#count = lastOfEach
      ? filter.lastOfEach(this.#log).filter((seq) => seq >= from).length
      : filter.count(this.#log, from);
    this.#until = this.#log.last;
  }

  /** Counts a newly stored message. */
  stored(seq: number): void {
    if (seq > this.#until) this.#count++;
  }

  /** Subtracts a message that was delivered or removed. */
  less(): void {
    this.#count--;
  }

  /** Adds messages that must be delivered after all. */
  more(by: number): void {
    this.#count += by;
  }

  /** Sets the count to 0 at the end of the stream, which corrects any drift. */
  end(): void {
    this.#count = 0;
    this.#until = this.#log.last;
  }

  /** Caps the count at the number of messages from a sequence on. */
  cap(from: number): void {
    const { last, size } = this.#log;
    if (from > last) this.#count = 0;
    else if (this.#count > 0) this.#count = Math.min(this.#count, size, last - from + 1);
  }
}
