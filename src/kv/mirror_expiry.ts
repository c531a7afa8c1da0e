import type { Clock, Timer } from "../clock.ts";
import type { MessageHeaders } from "../door/mod.ts";
import type { StreamInfo } from "../jetstream/api/api_types.ts";
import { millisecondsOf } from "../duration.ts";

/** Values that expire within this many milliseconds are removed together. */
const GRAIN = 100;
const LONGEST = 3_600_000;
const NANOSECONDS = 1_000_000;
const SECOND = 1_000;

/**
 * Schedules the expiry of a mirror's values in a bucket without expiry markers, where the server does not report it.
 * Uses the server's clock.
 */
export class MirrorExpiry {
  readonly #clock: Clock;
  /** How long values are kept, in milliseconds. */
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

  /** Whether values of such a bucket expire without a marker. */
  static isNeeded({ max_age: age, subject_delete_marker_ttl: marker, allow_msg_ttl: own }: {
    readonly max_age?: number;
    readonly subject_delete_marker_ttl?: number;
    readonly allow_msg_ttl?: boolean;
  }): boolean {
    return !marker && (Boolean(age) || own === true);
  }

  /** Schedules the expiry of a value, replacing that of the key's earlier value. */
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

/** A value's own TTL, in milliseconds. */
function ownTtl(headers: MessageHeaders | undefined): number {
  const given = headers?.get("Nats-TTL");
  if (given === undefined) return Infinity;
  return /^\d+$/.test(given) ? Number(given) * SECOND : millisecondsOf(given) ?? Infinity;
}
