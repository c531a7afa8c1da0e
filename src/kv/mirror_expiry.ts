import type { Clock, Timer } from "../clock.ts";
import type { MessageHeaders } from "../door/mod.ts";
import type { StreamInfo } from "../jetstream/api/api_types.ts";
import { millisecondsOf } from "../duration.ts";

/** What is due together is removed together, in milliseconds. */
const GRAIN = 100;
const LONGEST = 3_600_000;
const NANOSECONDS = 1_000_000;
const SECOND = 1_000;

/**
 * Tells a mirror when values expire in a bucket that keeps no markers of that: nobody else tells it. Times are those of
 * the server.
 */
export class MirrorExpiry {
  readonly #clock: Clock;
  /** How long each value is kept, in milliseconds. */
  readonly #age: number;
  /** How far the server's clock is ahead of our steady one, in milliseconds: the date here may jump. */
  #ahead: number;
  readonly #expire: (keys: readonly string[]) => void;
  /** When each key expires, by the server's clock. */
  readonly #due = new Map<string, number>();
  #timer: Timer | undefined;
  #next = Infinity;

  constructor(clock: Clock, info: StreamInfo, expire: (keys: readonly string[]) => void) {
    const { config: { max_age: age = 0 }, ts } = info;
    const told = ts === undefined ? NaN : Date.parse(ts);
    this.#clock = clock;
    this.#age = age > 0 ? age / NANOSECONDS : Infinity;
    this.#ahead = (Number.isNaN(told) ? clock.wallTime() : told) - clock.now();
    this.#expire = expire;
  }

  /** Whether values expire in such a bucket without a word. */
  static isNeeded({ max_age: age, subject_delete_marker_ttl: marker, allow_msg_ttl: own }: {
    readonly max_age?: number;
    readonly subject_delete_marker_ttl?: number;
    readonly allow_msg_ttl?: boolean;
  }): boolean {
    return !marker && (Boolean(age) || own === true);
  }

  /** A value is shown; it replaces an earlier one. */
  put(key: string, time: Date, headers: MessageHeaders | undefined): void {
    // while a machine sleeps, a steady clock may stand still
    this.#ahead = Math.max(this.#ahead, time.getTime() - this.#clock.now());
    const due = time.getTime() + Math.min(this.#age, ownTtl(headers));
    if (due === Infinity) return this.remove(key);
    this.#due.set(key, due);
    this.#wakeAt(due);
  }

  remove(key: string): void {
    this.#due.delete(key);
  }

  clear(): void {
    this.#due.clear();
    this.#timer?.clear();
    this.#timer = undefined;
    this.#next = Infinity;
  }

  get #now(): number {
    return this.#clock.now() + this.#ahead;
  }

  #wakeAt(due: number): void {
    if (due >= this.#next) return;
    this.#timer?.clear();
    this.#next = due;
    const wait = Math.min(LONGEST, Math.max(GRAIN, due - this.#now));
    this.#timer = this.#clock.setTimeout(() => this.#look(), wait);
  }

  #look(): void {
    this.#next = Infinity;
    const now = this.#now;
    const expired: string[] = [];
    let next = Infinity;
    for (const [key, due] of this.#due) {
      if (due <= now) expired.push(key);
      else if (due < next) next = due;
    }
    for (const key of expired) this.#due.delete(key);
    if (next < Infinity) this.#wakeAt(next);
    if (expired.length > 0) this.#expire(expired);
  }
}

/** The time that a value has of its own, in milliseconds. */
function ownTtl(headers: MessageHeaders | undefined): number {
  const given = headers?.get("Nats-TTL");
  if (given === undefined) return Infinity;
  return /^\d+$/.test(given) ? Number(given) * SECOND : millisecondsOf(given) ?? Infinity;
}
