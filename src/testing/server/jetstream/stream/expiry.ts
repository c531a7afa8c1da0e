import { Agenda } from "../agenda.ts";
import { Alarm } from "../alarm.ts";
import type { Clock } from "../../../../clock.ts";
import { headerBlock, headerText } from "../header_block.ts";
import { NOTHING, type Published, type StoredMessage } from "../message.ts";
import { NANOSECONDS } from "../time.ts";
import { HEADER } from "./header_names.ts";
import { ttlOf } from "./message_ttl.ts";
import type { StreamState } from "./state.ts";

/** Whole milliseconds: the rest of a time is there to tell messages apart. */
const SECOND = 1_000;

/** Memory of a message's own TTL, in bytes: measured. */
const ENTRY = 128;

/** Removes expired messages: by the stream's `max_age`, or by a message's own TTL. */
export class Expiry {
  readonly #state: StreamState;
  readonly #clock: Clock;
  readonly #publish: (published: Published) => void;
  readonly #ttls = new Agenda<number>();
  readonly #alarm: Alarm;

  /** `publish` stores the delete marker of a subject whose last message has expired. */
  constructor(state: StreamState, clock: Clock, publish: (published: Published) => void) {
    this.#state = state;
    this.#clock = clock;
    this.#publish = publish;
    this.#alarm = new Alarm(clock, () => this.run());
  }

  /** Estimated memory in bytes. */
  get held(): number {
    return this.#ttls.size * ENTRY;
  }

  /** Tracks a stored message that has a TTL. */
  note({ seq, headers, time }: StoredMessage): void {
    const { config, log } = this.#state;
    const ttl = config.allow_msg_ttl && headers !== "" ? readTtl(headers) : 0;
    if (ttl > 0) this.#ttls.set(seq, Math.floor(time) + ttl * SECOND);
    if (ttl > 0 || (config.max_age > 0 && log.size === 1)) this.#wait();
  }

  /** Stops tracking one message, or all. */
  forget(seq: number | undefined): void {
    if (seq === undefined) this.#ttls.clear();
    else this.#ttls.delete(seq);
  }

  /** Tracks the TTLs of all messages in the stream. */
  restore(): void {
    this.#ttls.clear();
    for (const message of this.#state.log.each()) this.note(message);
    this.run();
  }

  /** Stops expiring messages. */
  stop(): void {
    this.#ttls.clear();
    this.#alarm.stop();
  }

  /** Removes all messages that have expired by now. */
  run(): void {
    const now = this.#clock.wallTime();
    const { config } = this.#state;
    if (config.max_age > 0) this.#expireOlder(now - config.max_age / NANOSECONDS);
    const due = this.#ttls.takeAll(now);
    for (const seq of due.sort((one, other) => one - other)) this.#expire(seq);
    this.#wait();
  }

  #expireOlder(time: number): void {
    for (const message of this.#state.log.each()) {
      if (Math.floor(message.time) > time) return;
      if (message.headers === "" || readTtl(message.headers) >= 0) this.#expire(message.seq);
    }
  }

  #expire(seq: number): void {
    const { config, log } = this.#state;
    const message = log.get(seq);
    if (!message) return;
    const { subject, headers } = message;
    const marks = config.subject_delete_marker_ttl > 0 && log.countOf(subject) === 1 &&
      !isMarker(headers);
    if (marks) this.#publish(this.#marker(subject));
    else this.#state.remove(seq);
  }

  /** The delete marker that replaces the last message of a subject. */
  #marker(subject: string): Published {
    const seconds = Math.floor(
      this.#state.config.subject_delete_marker_ttl / NANOSECONDS / SECOND,
    );
    const headers = headerBlock({
      [HEADER.markerReason]: "MaxAge",
      [HEADER.ttl]: written(seconds),
      [HEADER.rollup]: "sub",
    });
    return { subject, reply: "", headers, body: NOTHING };
  }

  #wait(): void {
    const { config, log } = this.#state;
    const first = config.max_age > 0 ? log.firstTime : undefined;
    const oldest = first === undefined
      ? undefined
      : Math.floor(first) + config.max_age / NANOSECONDS;
    const ttl = this.#ttls.next;
    const due = Math.min(oldest ?? Infinity, ttl ?? Infinity);
    if (due === Infinity) return this.#alarm.set(undefined);
    // a message that never expires may be first in the stream, which makes it due at any time
    const now = this.#clock.wallTime();
    this.#alarm.set(due < now ? now + SECOND : due);
  }
}

/** Whether the message is a delete or purge marker, which gets no marker of its own. */
function isMarker(headers: string): boolean {
  return headerText(headers, HEADER.markerReason) !== "" ||
    headerText(headers, HEADER.kvOperation) === "PURGE";
}

function readTtl(headers: string): number {
  try {
    return ttlOf(headers);
  } catch {
    return 0;
  }
}

/** Formats a duration in seconds the way nats-server does. */
function written(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60)];
  if (hours > 0) return `${hours}h${minutes % 60}m${seconds % 60}s`;
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}
