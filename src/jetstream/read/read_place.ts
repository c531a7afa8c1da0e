import type { ConsumerConfig, ConsumerInfo, StreamInfo } from "../api/api_types.ts";
import { type From, sinceOf, startOf } from "./from.ts";
import type { DeliveredMessage } from "./stored_message.ts";

/** The start of a consumer's configuration. */
type Start = Pick<ConsumerConfig, "deliver_policy" | "opt_start_seq" | "opt_start_time">;

/**
 * The place of a read in its stream. Each further consumer resumes after the last delivery, or at the start of the
 * first consumer: with the same policy, it would start at messages that are old by now, or miss new ones.
 */
export class ReadPlace {
  readonly #from: From;
  /** The sequence of the last message that needs no delivery; `undefined` until the server has reported one. */
  #last: number | undefined;
  /** Earlier messages are skipped: servers before 2.11 begin with them if nothing was stored since. */
  #since: number | undefined;
  /** The highest sequence seen in the stream. */
  #seen = 0;
  /** When the stream was created; `undefined` until the server has reported it. */
  #created: string | undefined;
  #snapshot: number | undefined;
  /** Whether the last messages of each subject are still being delivered. */
  #readsLasts: boolean;
  /** Whether the stream keeps only one message per subject. */
  #isAllLast = false;
  /** Whether this is not the first consumer, so that some of these messages may be newer than the first one's. */
  #isAnew = false;

  constructor(from: From, lastPerSubject: boolean) {
    this.#from = from;
    this.#readsLasts = lastPerSubject;
    if (lastPerSubject) this.#last = 0;
    else this.#since = sinceOf(from);
  }

  /** The stream's last sequence when the read began; `undefined` until the server has reported it. */
  get snapshot(): number | undefined {
    return this.#snapshot;
  }

  /** The sequence of the last message that needs no delivery. */
  get last(): number {
    return this.#last ?? 0;
  }

  /**
   * Whether requests must not be bounded by bytes: when a message exceeds the bound, the server drops it from its list
   * of each subject's last message.
   */
  get isPicked(): boolean {
    return this.#readsLasts && !this.#isAllLast;
  }

  /** Records the stream's info; returns whether it is a new stream of the same name. */
  look(info: StreamInfo, lastPerSubject: boolean): boolean {
    const { created, config, state: { last_seq: last } } = info;
    this.#isAllLast = config.max_msgs_per_subject === 1;
    const isAnother = this.#created !== undefined && this.#created !== created;
    this.#created = created;
    this.#snapshot ??= last;
    if (isAnother) {
      this.#last = 0;
      this.#since = undefined;
      this.#snapshot = last;
      this.#readsLasts = lastPerSubject;
      this.#isAnew = false;
    } else if (last < this.#seen) {
      // a crash has cost the stream its last messages, and their sequences are used again
      this.#last = Math.min(this.#last ?? last, last);
      this.#snapshot = Math.min(this.#snapshot, last);
    }
    this.#seen = last;
    return isAnother;
  }

  /** The start of the next consumer. */
  get start(): Start {
    if (this.#readsLasts) return { deliver_policy: "last_per_subject" };
    if (this.#last === undefined) return startOf(this.#from);
    return { deliver_policy: "by_start_sequence", opt_start_seq: this.#last + 1 };
  }

  /** Records the info of the new consumer. */
  began({ delivered, num_pending: pending }: ConsumerInfo): void {
    this.#last ??= delivered.stream_seq;
    if (pending > 0 || !this.#readsLasts) return;
    this.#readsLasts = false;
    this.#last = Math.max(this.#last, delivered.stream_seq);
  }

  /** Records that the consumer is lost. */
  lost(): void {
    this.#isAnew = true;
  }

  /**
   * What to do with a message: `deliver` it; `skip` it, as it was delivered before; or `turn` to a new consumer that
   * starts here, as this one has left out what was stored between the two.
   */
  take({ seq, pending, storedAt }: DeliveredMessage): "deliver" | "skip" | "turn" {
    if (seq > this.#seen) this.#seen = seq;
    if (seq <= this.#last! || storedAt < (this.#since ?? 0)) return "skip";
    this.#since = undefined;
    if (this.#readsLasts) {
      const isBehind = this.#snapshot !== undefined && seq > this.#snapshot;
      if (isBehind || pending === 0) this.#readsLasts = false;
      if (isBehind && this.#isAnew) {
        this.#last = Math.max(this.#last!, this.#snapshot!);
        return "turn";
      }
    }
    this.#last = seq;
    return "deliver";
  }
}
