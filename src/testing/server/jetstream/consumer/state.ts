import type { Context } from "../context.ts";
import type { Stream } from "../stream/stream.ts";
import { readTime } from "../time.ts";
import { type ConsumerConfig, filtersOf } from "./config.ts";
import { MAX_ACK_PENDING } from "./config_defaults.ts";
import { SubjectFilter } from "./filter.ts";
import { Pending } from "./pending.ts";
import { Progress } from "./progress.ts";
import { Redelivery } from "./redelivery.ts";
import { Remaining } from "./remaining.ts";
import { startOf } from "./start.ts";

/** What one of the last messages of each subject takes to be kept in mind, in bytes. */
const PICKED = 8;

/** What a consumer is, and how far it has got. */
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
  /** What comes before all that follow: the last messages of each subject. */
  picked: number[];
  /** Where it goes on after those. */
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

  /** Counts anew what is yet to be delivered. */
  recount(): void {
    const lastOfEach = this.config.deliver_policy === "last_per_subject";
    this.remaining.recount(this.filter, this.progress.next, lastOfEach);
  }

  /** Takes the next of the last messages of each subject. */
  pick(): number | undefined {
    const seq = this.picked.shift();
    if (seq !== undefined) this.progress.next = this.picked.length === 0 ? this.#resume : seq + 1;
    return seq;
  }

  /** Begins anew with a sequence, as if nothing had been delivered. */
  restart(seq: number): void {
    const { progress, pending } = this;
    const isSame = progress.next === seq && pending.size === 0;
    pending.clear();
    this.redelivery.clear();
    this.picked = [];
    progress.begin(seq);
    if (!isSame) this.recount();
  }

  /** A message is open no more, in whatever way. */
  settle(seq: number): void {
    const open = this.pending.get(seq);
    if (!open) return;
    this.pending.delete(seq);
    this.progress.settle({ consumer: open.number, stream: seq }, this.pending.first);
  }

  /** Are there as many open messages as there may be? Where memory is short that is no more than by default. */
  get isFull(): boolean {
    const { config: { max_ack_pending }, pending: { size }, context: { memory } } = this;
    if (max_ack_pending > 0 && size >= max_ack_pending) return true;
    return size >= MAX_ACK_PENDING && memory.isExceeded;
  }

  /** Until when nothing is or was delivered. */
  get pausedUntil(): number | undefined {
    const { pause_until } = this.config;
    return pause_until === undefined ? undefined : readTime(pause_until);
  }

  /** Is nothing delivered until some time? */
  get isPaused(): boolean {
    return (this.pausedUntil ?? 0) > this.context.clock.wallTime();
  }

  /** What it takes, in bytes as they are estimated. */
  get held(): number {
    return this.pending.held + this.redelivery.held + this.picked.length * PICKED;
  }
}
