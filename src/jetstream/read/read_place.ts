import type { ConsumerConfig, ConsumerInfo, StreamInfo } from "../api/api_types.ts";
import { type From, sinceOf, startOf } from "./from.ts";
import type { DeliveredMessage } from "./stored_message.ts";

/** The part of a consumer's configuration that says where it begins. */
type Start = Pick<ConsumerConfig, "deliver_policy" | "opt_start_seq" | "opt_start_time">;

/**
 * The place of a read in its stream. Each further consumer goes on behind what was delivered, or where the first one
 * began: one of the same policy would begin with what is old by now, or behind what is new.
 */
export class ReadPlace {
  readonly #from: From;
  /** The number of the last message that needs no delivery any more; `undefined` until the server has said it. */
  #last: number | undefined;
  /** What was stored before is not wanted; servers before 2.11 begin with it if nothing was stored since. */
  #since: number | undefined;
  /** The highest number that the stream was seen to have. */
  #seen = 0;
  /** When the stream was made; `undefined` as long as the server has not told us. */
  #created: string | undefined;
  #snapshot: number | undefined;
  /** Whether the last message of each subject comes first, and not all of them have come. */
  #readsLasts: boolean;
  /** Whether the stream keeps but one message of each subject. */
  #isAllLast = false;
  /** Whether the consumer is not the first one, so that some of these may be newer than the first one's. */
  #isAnew = false;

  constructor(from: From, lastPerSubject: boolean) {
    this.#from = from;
    this.#readsLasts = lastPerSubject;
    if (lastPerSubject) this.#last = 0;
    else this.#since = sinceOf(from);
  }

  /** The last message that the stream had when the read began; `undefined` if the server has not told us. */
  get snapshot(): number | undefined {
    return this.#snapshot;
  }

  /**
   * Whether a request for messages must not go by their bytes: where it ends by them, the server drops the message that
   * was too large from its list of those that are the last of their subjects.
   */
  get isPicked(): boolean {
    return this.#readsLasts && !this.#isAllLast;
  }

  /** Takes what the server says of the stream; returns whether it is another stream than before, of the same name. */
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
      // a crash has cost the stream its end, and the numbers are given out again
      this.#last = Math.min(this.#last ?? last, last);
      this.#snapshot = Math.min(this.#snapshot, last);
    }
    this.#seen = last;
    return isAnother;
  }

  /** Where the next consumer begins. */
  get start(): Start {
    if (this.#readsLasts) return { deliver_policy: "last_per_subject" };
    if (this.#last === undefined) return startOf(this.#from);
    return { deliver_policy: "by_start_sequence", opt_start_seq: this.#last + 1 };
  }

  /** Takes what the server says of the new consumer. */
  began({ delivered, num_pending: pending }: ConsumerInfo): void {
    this.#last ??= delivered.stream_seq;
    if (pending > 0 || !this.#readsLasts) return;
    this.#readsLasts = false;
    this.#last = Math.max(this.#last, delivered.stream_seq);
  }

  /** The consumer is lost, and another one must go on. */
  lost(): void {
    this.#isAnew = true;
  }

  /**
   * What to do with a message: to deliver it, or to skip it, as it was delivered before; or to `turn` to a consumer that
   * goes on from here, as this one has left out what came while there was none.
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
