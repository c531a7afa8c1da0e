import { Agenda } from "../agenda.ts";
import type { Clock } from "../../../../clock.ts";
import { headerText, withHeader, withoutHeader, withoutHeaders } from "../header_block.ts";
import type { Published, StoredMessage } from "../message.ts";
import { readTime, writeTime } from "../time.ts";
import { Alarm } from "../alarm.ts";
import { HEADER } from "./header_names.ts";
import { PURGE } from "./schedule_checks.ts";
import { type Due, dueAfter } from "./schedule_pattern.ts";
import type { StreamState } from "./state.ts";

/** Memory of a schedule without its message: measured. */
const ENTRY = 256;

/** The schedules of a stream, one per subject: messages from which others are published when due. */
export class Schedules {
  readonly #state: StreamState;
  readonly #clock: Clock;
  readonly #publish: (published: Published) => void;
  /** The due times by the schedule message's sequence. */
  readonly #agenda = new Agenda<number>();
  /** The sequences by subject. */
  readonly #sequences = new Map<string, number>();
  readonly #alarm: Alarm;

  /** `publish` stores the messages that schedules produce. */
  constructor(state: StreamState, clock: Clock, publish: (published: Published) => void) {
    this.#state = state;
    this.#clock = clock;
    this.#publish = publish;
    this.#alarm = new Alarm(clock, () => this.#run());
  }

  /** Estimated memory in bytes. */
  get held(): number {
    return this.#sequences.size * ENTRY;
  }

  /** Tracks a stored message that is a schedule. */
  note({ seq, subject, headers, time }: StoredMessage): void {
    const due = this.#dueAfter(headers, time);
    const scheduler = headerText(headers, HEADER.scheduler);
    if (due || scheduler === "") this.#delete(subject);
    if (due) {
      this.#sequences.set(subject, seq);
      this.#set(seq, due.at);
    }
    const next = headerText(headers, HEADER.scheduleNext);
    const again = next === "" || next === PURGE ? undefined : readTime(next);
    const known = this.#sequences.get(scheduler);
    if (again !== undefined && known !== undefined) this.#set(known, again);
  }

  /** Stops tracking one schedule, or all; `subject` is the subject of the removed message. */
  forget(seq: number | undefined, subject = ""): void {
    if (seq === undefined) this.#clear();
    else if (this.#sequences.get(subject) === seq) this.#delete(subject);
  }

  /** Tracks all schedules in the stream. */
  restore(): void {
    const { log } = this.#state;
    for (const seq of log.lastOfEach(">")) this.note(log.get(seq)!);
  }

  /** Stops all schedules. */
  stop(): void {
    this.#clear();
    this.#alarm.stop();
  }

  #set(seq: number, at: number): void {
    this.#agenda.set(seq, at);
    this.#alarm.set(this.#agenda.next);
  }

  #delete(subject: string): void {
    const seq = this.#sequences.get(subject);
    if (seq === undefined) return;
    this.#sequences.delete(subject);
    this.#agenda.delete(seq);
  }

  #clear(): void {
    this.#agenda.clear();
    this.#sequences.clear();
  }

  #run(): void {
    const now = this.#clock.wallTime();
    const due: [seq: number, at: number][] = [];
    for (;;) {
      const at = this.#agenda.next;
      const seq = this.#agenda.take(now);
      if (at === undefined || seq === undefined) break;
      due.push([seq, at]);
    }
    due.sort(([one], [other]) => one - other);
    for (const [seq, at] of due) {
      const schedule = this.#state.log.get(seq);
      if (schedule) this.#fire(schedule, at, now);
    }
    this.#alarm.set(this.#agenda.next);
  }

  #fire(schedule: StoredMessage, at: number, now: number): void {
    const { subject, headers } = schedule;
    const due = this.#dueAfter(headers, at, now);
    if (!due) return this.#delete(subject);
    const source = headerText(headers, HEADER.scheduleSource);
    const content = (source === "" ? undefined : this.#state.log.lastOf(source)) ?? schedule;
    const ttl = headerText(headers, HEADER.scheduleTtl);
    const rollup = headerText(headers, HEADER.scheduleRollup);
    let made = withoutHeaders(content.headers, HEADER.schedule);
    made = withoutHeaders(made, "Nats-Expected-");
    for (const name of [HEADER.messageId, HEADER.ttl, HEADER.rollup]) {
      made = withoutHeader(made, name);
    }
    made = withHeader(made, HEADER.scheduler, subject);
    made = withHeader(made, HEADER.scheduleNext, due.repeats ? writeTime(due.at) : PURGE);
    if (ttl !== "") made = withHeader(made, HEADER.ttl, ttl);
    if (rollup !== "") made = withHeader(made, HEADER.rollup, rollup);
    const target = headerText(headers, HEADER.scheduleTarget);
    this.#publish({ subject: target, reply: "", headers: made, body: content.body });
  }

  /** The due time; `undefined` also for a schedule that can no longer be parsed. */
  #dueAfter(headers: string, after: number, now = after): Due | undefined {
    if (headers === "") return undefined;
    try {
      return dueAfter(headers, after, now);
    } catch {
      return undefined;
    }
  }
}
