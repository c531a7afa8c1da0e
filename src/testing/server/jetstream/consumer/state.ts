import type { Context } from "../context.ts";
import type { Stream } from "../stream/stream.ts";
import { readTime } from "../time.ts";
import { type ConsumerConfig, filtersOf } from "./config.ts";
import { MAX_ACK_PENDING } from "./config_defaults.ts";
import { SubjectFilter } from "../stream/subject_filter.ts";
import { Pending } from "./pending.ts";
import { Progress } from "./progress.ts";
import { Redelivery } from "./redelivery.ts";
import { Remaining } from "./remaining.ts";
import { startOf } from "./start.ts";

/** Memory of one picked sequence, in bytes. */
const PICKED = 8;

/** A consumer's configuration and progress. */
export class ConsumerState {
  readonly context: Context;
  readonly stream: Stream;
  readonly name: string;
  readonly created: number;
  readonly progress: Progress = new Progress();
  readonly pending: Pending = new Pending();
  readonly redelivery: Redelivery = new Redelivery();
  readonly remaining: Remaining;
  config: ConsumerConfig;
  filter: SubjectFilter;
  /** Sequences to deliver before new messages: the last of each subject. */
  picked: number[];
  /** The sequence to continue at after the picked ones. */
  readonly #resume: number;

  constructor(context: Context, stream: Stream, name: string, config: ConsumerConfig) {
    this.context = context;
    this.stream = stream;
    this.name = name;
    this.created = context.clock.wallTime();
    this.config = config;
    this.filter = new SubjectFilter(filtersOf(config));
    this.remaining = new Remaining(stream.log);
    const { seq, picked } = startOf(config, this.filter, stream);
    this.picked = [...picked];
    this.#resume = stream.log.last + 1;
    this.progress.begin(seq);
    this.recount();
  }

  /** Recounts the messages yet to be delivered. */
  recount(): void {
    const lastOfEach = this.config.deliver_policy === "last_per_subject";
    this.remaining.recount(this.filter, this.progress.next, lastOfEach);
  }

  /** Removes and returns the next picked sequence. */
  pick(): number | undefined {
    const seq = this.picked.shift();
    if (seq !== undefined) this.progress.next = this.picked.length === 0 ? this.#resume : seq + 1;
    return seq;
  }

  /** Starts over at a sequence, as if nothing had been delivered. */
  restart(seq: number): void {
    const { progress, pending } = this;
    const isSame = progress.next === seq && pending.size === 0;
    pending.clear();
    this.redelivery.clear();
    this.picked = [];
    progress.begin(seq);
    if (!isSame) this.recount();
  }

  /** Settles a message: it is no longer open, for whatever reason. */
  settle(seq: number): void {
    const open = this.pending.get(seq);
    if (!open) return;
    this.pending.delete(seq);
    this.progress.settle({ consumer: open.number, stream: seq }, this.pending.first);
  }

  /** Whether `max_ack_pending` is reached. Short of memory, the limit is at most its default. */
  get isFull(): boolean {
    const { config: { max_ack_pending }, pending: { size }, context: { memory } } = this;
    if (max_ack_pending > 0 && size >= max_ack_pending) return true;
    return size >= MAX_ACK_PENDING && memory.isExceeded;
  }

  /** The `pause_until` time in milliseconds since 1970, also if it is over. */
  get pausedUntil(): number | undefined {
    const { pause_until } = this.config;
    return pause_until === undefined ? undefined : readTime(pause_until);
  }

  /** Whether the consumer is paused now. */
  get isPaused(): boolean {
    return (this.pausedUntil ?? 0) > this.context.clock.wallTime();
  }

  /** Estimated memory in bytes. */
  get held(): number {
    return this.pending.held + this.redelivery.held + this.picked.length * PICKED;
  }
}
