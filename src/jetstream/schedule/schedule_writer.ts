import { TimeoutError } from "../../errors.ts";
import { ConflictError, UnknownOutcomeError } from "../api/errors.ts";
import { publishStored } from "../publish/publish_stored.ts";
import type { Prepared } from "../publish/program_publisher.ts";
import { endedSubject } from "../stream/own_subjects.ts";
import { Fence } from "./fence.ts";
import { nameIn } from "./schedule_name.ts";
import type { SchedulingStream } from "./scheduling_stream.ts";
import {
  CANCELLED,
  type CancelledSchedule,
  isThere,
  OVER,
  readSlot,
  type Slot,
  writeCancelled,
} from "./slot.ts";
import { nextOf, type Plan, planOnce } from "./when.ts";

/** By how much the clocks of a cluster's servers may differ, in milliseconds. */
const SAFETY = 500;
/** How much longer than the timeout a new schedule waits while the old one may be firing, in milliseconds. */
const HOLD = 5_000;
/** How long a cancellation is kept in place of its schedule, in milliseconds. */
const STANDS = 60_000;
/** The error codes of "wrong last sequence": from a single server, and from a cluster. */
const CHANGED: ReadonlySet<number> = new Set([10071, 10164]);
const NO_BYTES = new Uint8Array();

/** One attempt to write, from its call to its deadline. */
export interface Attempt {
  readonly action: string;
  /** The deadline, by the clock of this process. */
  readonly until: number;
  /** The timeout that the program has given, in milliseconds; errors name it. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** A schedule to write. */
export interface Draft {
  /** The message to store when it is due: headers of the program, time to live. */
  readonly prepared: Prepared;
  readonly plan: Plan;
  /** Whether it may replace a schedule of the same name. */
  readonly replaces: boolean;
}

/** Writes and cancels the schedule of one subject, so that it fires exactly once even if it is replaced. */
export class ScheduleWriter {
  readonly #stream: SchedulingStream;
  readonly #subject: string;
  readonly #attempt: Attempt;

  constructor(stream: SchedulingStream, subject: string, attempt: Attempt) {
    this.#stream = stream;
    this.#subject = subject;
    this.#attempt = attempt;
  }

  /**
   * Stores a schedule; returns its sequence and when it is due next. Keeps an identical repeating schedule.
   *
   * @throws {ConflictError} if the name is taken and `draft.replaces` is not set
   */
  async store(draft: Draft): Promise<{ readonly seq: number; readonly next: number }> {
    const { action } = this.#attempt;
    const { plan: { next, repeats } } = draft;
    for (let isTaken = draft.replaces;; isTaken = true) {
      const found = isTaken ? await this.ready() : undefined;
      if (found?.plan && !draft.replaces) {
        const name = JSON.stringify(nameIn(this.#subject));
        const rule = `the name must be free, or "replace" must be true: a schedule has ${name}`;
        throw new ConflictError(action, rule);
      }
      if (repeats && found?.plan && isSame(found, draft)) {
        const { when, first } = found.plan;
        const now = await this.#stream.time(this.options);
        return { seq: found.seq, next: nextOf(when, now, first) ?? next };
      }
      try {
        if (found?.plan?.repeats) {
          const { seq } = found;
          await this.writeCancelled({ seq, due: undefined, isProved: true }, seq);
        } else return { seq: await this.#storeOver(draft, found), next };
      } catch (error) {
        if (!isChange(error) || this.#left() <= 1) throw error;
      }
    }
  }

  /** Reads the slot once no schedule that was cancelled there can fire any more. */
  async ready(): Promise<Slot | undefined> {
    for (;;) {
      const found = await this.read();
      if (!found?.cancelled || !await this.mayFire(found.cancelled.due)) return found;
      await this.pass();
      const there = await this.read();
      if (there?.seq === found.seq) return there;
    }
  }

  /** Reads the slot; `undefined` if it is empty. */
  read(): Promise<Slot | undefined> {
    return readSlot(this.#stream, this.#subject, this.options);
  }

  /** Replaces the message with the sequence `last`, a schedule or its mark, by a cancellation; returns its sequence. */
  async writeCancelled(cancelled: CancelledSchedule, last: number): Promise<number> {
    const now = await this.#stream.time(this.options);
    const { pattern } = planOnce(now + STANDS + this.#attempt.timeout);
    return await this.#publish(NO_BYTES, last, undefined, [
      // the server removes the cancellation when this is due, even if no process runs then
      ["Nats-Schedule", pattern],
      ["Nats-Schedule-Target", endedSubject(this.#stream.name)],
      ["Nats-Schedule-Rollup", "sub"],
      [CANCELLED, writeCancelled(cancelled)],
    ]);
  }

  /** Takes a schedule out of the server's list but not out of the stream; returns the sequence of this mark. */
  async markCancelled(cancelled: CancelledSchedule): Promise<number> {
    const headers = [[CANCELLED, writeCancelled(cancelled)]] as const;
    return await this.#publish(NO_BYTES, cancelled.seq, undefined, headers);
  }

  /** Whether the schedule of this sequence is still in the stream, marked as cancelled or not. */
  isThere(seq: number): Promise<boolean> {
    return isThere(this.#stream, seq, this.options);
  }

  /** Whether the stream is replicated, and whether it can hold several messages of one subject. */
  async kind(): Promise<{ readonly isReplicated: boolean; readonly holdsSeveral: boolean }> {
    const config = await this.#stream.config(this.options);
    const { num_replicas = 1, max_msgs_per_subject: most = -1 } = config;
    return { isReplicated: num_replicas > 1, holdsSeveral: most !== 1 };
  }

  /** Resolves once no schedule that was removed from the stream before this call can fire any more. */
  async pass(): Promise<void> {
    const { action, signal } = this.#attempt;
    await Fence.of(this.#stream).pass(action, this.#left(), signal);
  }

  /** Whether the server may already have picked up a schedule that is due at this time. */
  async mayFire(due: number | undefined): Promise<boolean> {
    return due === undefined || await this.#stream.latest(this.options) + SAFETY >= due;
  }

  /**
   * Makes sure of a schedule that has replaced another one: if the old one fired meanwhile, the server has removed both.
   * Then stores the new one again; returns its sequence.
   */
  async secure(draft: Draft, seq: number, replaced: Slot | undefined): Promise<number> {
    const { plan } = draft;
    return await this.#onceStored(seq, async () => {
      if (!replaced?.plan || !await this.mayFire(replaced.plan.first)) return seq;
      await this.pass();
      if (await this.read() !== undefined) return seq;
      if (plan.repeats || !await this.mayFire(plan.next)) {
        return await this.#write(draft, 0, undefined);
      }
      throw this.#unknown("the stream must show which schedule has fired: it does not");
    });
  }

  /** The remaining timeout and the signal, for the next request. */
  get options(): { readonly timeout: number; readonly signal: AbortSignal | undefined } {
    return { timeout: this.#left(), signal: this.#attempt.signal };
  }

  async #storeOver(draft: Draft, found: Slot | undefined): Promise<number> {
    if (found?.plan && await this.mayFire(found.plan.first)) {
      return await this.#storeHeld(draft, found);
    }
    return await this.secure(draft, await this.#write(draft, found?.seq ?? 0, found), found);
  }

  /**
   * Replaces a schedule that may be firing. First stores the new message with a later due time, so that none is lost if
   * this process ends now. Once the old schedule can no longer fire, stores the schedule as wanted.
   */
  async #storeHeld(draft: Draft, found: Slot): Promise<number> {
    const until = await this.#stream.time(this.options) + this.#left() + HOLD;
    const { plan } = draft;
    const held = plan.repeats || plan.next > until ? plan : planOnce(until);
    const seq = await this.#write({ ...draft, plan: held }, found.seq, found);
    return await this.#onceStored(seq, async () => {
      await this.pass();
      const there = await this.read();
      // the new schedule is already as wanted, or somebody has replaced or cancelled it
      if (there && (there.seq !== seq || held === plan)) return seq;
      if (there || held.repeats || !await this.mayFire(held.next)) {
        return await this.#write(draft, there?.seq ?? 0, there);
      }
      throw this.#unknown("the new schedule must be stored before it is due: it took too long");
    });
  }

  /** Runs the steps after a schedule is stored; no error may then say that nothing was stored. */
  async #onceStored(seq: number, follow: () => Promise<number>): Promise<number> {
    const { signal } = this.#attempt;
    try {
      return await follow();
    } catch (error) {
      // another process has replaced or cancelled the schedule in the meantime
      if (isChange(error)) return seq;
      if (error instanceof UnknownOutcomeError || (signal?.aborted && error === signal.reason)) {
        throw error;
      }
      throw this.#unknown("the stream must show whether the replaced schedule has fired", error);
    }
  }

  #unknown(rule: string, cause?: unknown): UnknownOutcomeError {
    const options = cause === undefined ? {} : { cause };
    return new UnknownOutcomeError(this.#attempt.action, this.#subject, rule, options);
  }

  #write({ prepared, plan }: Draft, last: number, found: Slot | undefined): Promise<number> {
    const { data, contentType, fields = [] } = prepared;
    const over = found?.cancelled ? found.seq : found?.over;
    return this.#publish(data, last, contentType, [
      ...fields,
      ...planFields(prepared.subject, plan),
      ...over === undefined ? [] : [[OVER, `${over}`] as const],
    ]);
  }

  async #publish(
    data: Uint8Array,
    last: number,
    contentType: string | undefined,
    headers: readonly (readonly [string, string])[],
  ): Promise<number> {
    const { api, name } = this.#stream;
    const window = api.streams.windowOfStream(name);
    const { seq } = await publishStored(api, this.#subject, data, {
      action: this.#attempt.action,
      ...this.options,
      contentType,
      headers: [...headers, ...expected(name, last)],
      ...window !== undefined && { window },
    });
    return seq;
  }

  #left(): number {
    const left = this.#attempt.until - this.#stream.api.access.clock.now();
    if (left > 0) return left;
    throw new TimeoutError(this.#attempt.action, this.#attempt.timeout, this.#subject);
  }
}

/** The headers that the server and this package add; a comparison skips them. */
const ADDED = /^(?:nats-(?:msg-id|expected-.*|rollup)|signalbox-.*)$/i;

/** Whether the slot holds the same schedule as the draft. */
function isSame({ headers, data }: Slot, { prepared, plan }: Draft): boolean {
  const { contentType, fields = [], subject } = prepared;
  const wanted = [...fields, ...planFields(subject, plan)];
  if (
    contentType !== undefined && !wanted.some(([name]) => name.toLowerCase() === "content-type")
  ) {
    wanted.push(["content-type", contentType]);
  }
  const told = (all: Iterable<readonly [string, string]>) =>
    [...all].filter(([name]) => !ADDED.test(name)).map((one) => one.join(":")).sort().join("\n");
  const isLong = data.length === prepared.data.length;
  return isLong && told(headers) === told(wanted) &&
    data.every((byte, at) => byte === prepared.data[at]);
}

/** The headers that say when a message is due and which subject it gets. */
export function planFields(target: string, plan: Plan): (readonly [string, string])[] {
  const zone = plan.timeZone;
  return [
    ["Nats-Schedule", plan.pattern],
    ["Nats-Schedule-Target", target],
    ...zone === undefined ? [] : [["Nats-Schedule-Time-Zone", zone] as const],
  ];
}

/** The headers that make the server check the last sequence under the subject. */
export function expected(stream: string, last: number): (readonly [string, string])[] {
  return [
    ["Nats-Expected-Stream", stream],
    ["Nats-Expected-Last-Subject-Sequence", `${last}`],
  ];
}

/** Whether the server refused a write because the slot has changed since it was read. */
export function isChange(error: unknown): error is ConflictError {
  return error instanceof ConflictError && CHANGED.has(error.errCode);
}
