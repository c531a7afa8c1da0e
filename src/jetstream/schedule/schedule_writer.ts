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
/** By how much longer than it may take a new schedule is held back while the one that it replaces may be firing. */
const HOLD = 5_000;
/** How long a cancellation stands in place of its schedule, in milliseconds. */
const STANDS = 60_000;
/** "wrong last sequence", of one server and of a cluster. */
const CHANGED: ReadonlySet<number> = new Set([10071, 10164]);
const NO_BYTES = new Uint8Array();

/** One attempt to write, from its call to its deadline. */
export interface Attempt {
  readonly action: string;
  /** By our clock. */
  readonly until: number;
  /** The timeout that the program knows of, in milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** A schedule to write. */
export interface Draft {
  /** With the subject that the message will have; its headers are those of the program, and the time to live. */
  readonly prepared: Prepared;
  readonly plan: Plan;
  /** Whether it takes the place of one that is there. */
  readonly replaces: boolean;
}

/** Writes what stands under the subject of one schedule, and never so that it fires twice, or not at all. */
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
   * Stores a schedule; returns its sequence, and when it is due next. One that repeats and is there already stays as it is.
   *
   * @throws {ConflictError} if there is one, and it is not to be replaced
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

  /** What stands there, once nothing can come any more of what was cancelled there. */
  async ready(): Promise<Slot | undefined> {
    for (;;) {
      const found = await this.read();
      if (!found?.cancelled || !await this.mayFire(found.cancelled.due)) return found;
      await this.pass();
      const there = await this.read();
      if (there?.seq === found.seq) return there;
    }
  }

  /** What stands there; `undefined` for nothing. */
  read(): Promise<Slot | undefined> {
    return readSlot(this.#stream, this.#subject, this.options);
  }

  /**
   * Has a cancellation take the place of a schedule, or of what marks it as cancelled, which has the sequence `last`; returns
   * its own.
   */
  async writeCancelled(cancelled: CancelledSchedule, last: number): Promise<number> {
    const now = await this.#stream.time(this.options);
    const { pattern } = planOnce(now + STANDS + this.#attempt.timeout);
    return await this.#publish(NO_BYTES, last, undefined, [
      // clears itself away, even if nobody is left to do so
      ["Nats-Schedule", pattern],
      ["Nats-Schedule-Target", endedSubject(this.#stream.name)],
      ["Nats-Schedule-Rollup", "sub"],
      [CANCELLED, writeCancelled(cancelled)],
    ]);
  }

  /** Takes a schedule out of the list of the server, and leaves it in the stream; returns the sequence of what does so. */
  async markCancelled(cancelled: CancelledSchedule): Promise<number> {
    const headers = [[CANCELLED, writeCancelled(cancelled)]] as const;
    return await this.#publish(NO_BYTES, cancelled.seq, undefined, headers);
  }

  /** Whether the schedule of this sequence is still in the stream, marked as cancelled or not. */
  isThere(seq: number): Promise<boolean> {
    return isThere(this.#stream, seq, this.options);
  }

  /** Whether several servers hold the stream, and whether it can hold several messages of a subject. */
  async kind(): Promise<{ readonly isReplicated: boolean; readonly holdsSeveral: boolean }> {
    const config = await this.#stream.config(this.options);
    const { num_replicas = 1, max_msgs_per_subject: most = -1 } = config;
    return { isReplicated: num_replicas > 1, holdsSeveral: most !== 1 };
  }

  /** Resolves once nothing can come any more of what stood there before the call. */
  async pass(): Promise<void> {
    const { action, signal } = this.#attempt;
    await Fence.of(this.#stream).pass(action, this.#left(), signal);
  }

  /** Whether what is due then may have been taken out of the list of the server already. */
  async mayFire(due: number | undefined): Promise<boolean> {
    return due === undefined || await this.#stream.latest(this.options) + SAFETY >= due;
  }

  /**
   * Makes sure of a schedule that was stored in the place of another one, which may have fired meanwhile and taken this one
   * along; returns its sequence.
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
      throw this.#unknown("it or the one that it replaces has fired, and nothing tells which");
    });
  }

  /** The timeout and the signal of the next call. */
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
   * Replaces a schedule that may be firing: at first by one that is due later, so that none is lost if this process ends
   * now, and once nothing can come of the old one, by the one that is wanted.
   */
  async #storeHeld(draft: Draft, found: Slot): Promise<number> {
    const until = await this.#stream.time(this.options) + this.#left() + HOLD;
    const { plan } = draft;
    const held = plan.repeats || plan.next > until ? plan : planOnce(until);
    const seq = await this.#write({ ...draft, plan: held }, found.seq, found);
    return await this.#onceStored(seq, async () => {
      await this.pass();
      const there = await this.read();
      // it is as it is to be, or was replaced or cancelled since
      if (there && (there.seq !== seq || held === plan)) return seq;
      if (there || held.repeats || !await this.mayFire(held.next)) {
        return await this.#write(draft, there?.seq ?? 0, there);
      }
      throw this.#unknown("it must be stored before it is due: it took too long");
    });
  }

  /** Does what follows a schedule that is stored, so that no error may say that nothing is. */
  async #onceStored(seq: number, follow: () => Promise<number>): Promise<number> {
    const { signal } = this.#attempt;
    try {
      return await follow();
    } catch (error) {
      // somebody else has replaced or cancelled it meanwhile
      if (isChange(error)) return seq;
      if (error instanceof UnknownOutcomeError || (signal?.aborted && error === signal.reason)) {
        throw error;
      }
      throw this.#unknown("it must be known whether the one that it replaces has fired", error);
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

/** What the server and this package add to a message, so that it says nothing of what was asked for. */
const ADDED = /^(?:nats-(?:msg-id|expected-.*|rollup)|signalbox-.*)$/i;

/** Whether what stands there is what is to be written. */
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

/** The headers that say when a message is due, and where it goes. */
export function planFields(target: string, plan: Plan): (readonly [string, string])[] {
  const zone = plan.timeZone;
  return [
    ["Nats-Schedule", plan.pattern],
    ["Nats-Schedule-Target", target],
    ...zone === undefined ? [] : [["Nats-Schedule-Time-Zone", zone] as const],
  ];
}

/** The headers that say what must stand under the subject. */
export function expected(stream: string, last: number): (readonly [string, string])[] {
  return [
    ["Nats-Expected-Stream", stream],
    ["Nats-Expected-Last-Subject-Sequence", `${last}`],
  ];
}

/** Whether something else stands under the subject than was read. */
export function isChange(error: unknown): error is ConflictError {
  return error instanceof ConflictError && CHANGED.has(error.errCode);
}
