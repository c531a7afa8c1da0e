import type { Clock, Timer } from "../../clock.ts";
import type { Held } from "./stored_delivery.ts";

/** How much longer a key is held than its message is away, in milliseconds, for the way back. */
const WAY = 2_000;

/** How many messages and bytes may wait behind keys whose message comes again, without occupying places. */
const MOST_AWAY = { messages: 1_000, bytes: 67_108_864 };

/** The messages of one key. */
interface Lane {
  /** The one that is handled. */
  running: Held | undefined;
  /** The number of the one that comes again, for which the others wait. */
  away: { readonly order: number; readonly subject: string } | undefined;
  timer: Timer | undefined;
  /** In the order of the stream. */
  readonly waiting: Held[];
  /** The size of those that wait. */
  bytes: number;
}

/** Hands over the messages of each key one at a time and in order; keys do not wait for each other. */
export class Lanes {
  readonly #clock: Clock;
  readonly #go: (held: Held) => void;
  readonly #replaced: ((held: Held) => void) | undefined;
  readonly #lanes = new Map<string, Lane>();
  /** How many wait behind a message that is handled. */
  #behindRunning = 0;
  /** How many wait behind a message that comes again. */
  #behindAway = 0;
  #bytesAway = 0;

  /**
   * With `replaced` a message replaces the earlier ones of its subject that wait or come again; `replaced` is called with
   * those that wait.
   */
  constructor(clock: Clock, go: (held: Held) => void, replaced?: (held: Held) => void) {
    this.#clock = clock;
    this.#go = go;
    this.#replaced = replaced;
  }

  /** How many places the waiting messages occupy. */
  get places(): number {
    const isMuch = this.#bytesAway > MOST_AWAY.bytes;
    const away = this.#behindAway - (isMuch ? 0 : MOST_AWAY.messages);
    return this.#behindRunning + Math.max(0, away);
  }

  /** Hands the message over as soon as its key is free. */
  enter(held: Held): void {
    const key = held.key!;
    const lane = this.#lanes.get(key);
    if (!lane) {
      // nearly every key, if there are many
      this.#lanes.set(
        key,
        { running: held, away: undefined, timer: undefined, waiting: [], bytes: 0 },
      );
      return this.#go(held);
    }
    if (this.#replaced) this.#replace(lane, held, this.#replaced);
    const isNext = !lane.running && (lane.away === undefined || held.order <= lane.away.order);
    if (isNext && lane.waiting.every(({ order }) => held.order < order)) {
      return this.#run(lane, held);
    }
    // nearly always at the end
    const at = lane.waiting.findLastIndex(({ order }) => order < held.order) + 1;
    this.#change(lane, () => {
      lane.waiting.splice(at, 0, held.kept());
      lane.bytes += held.size;
    });
  }

  /** The message is settled: the next of its key goes. */
  leave(held: Held): void {
    const lane = this.#lanes.get(held.key!);
    if (lane?.running !== held) return;
    lane.running = undefined;
    this.#next(held.key!, lane);
  }

  /** The message comes again after so many milliseconds: its key waits for it. */
  away(held: Held, delay: number): void {
    const key = held.key!;
    const lane = this.#lanes.get(key);
    if (lane?.running !== held) return;
    lane.running = undefined;
    const { order, raw: { subject } } = held;
    this.#change(lane, () => lane.away = { order, subject });
    // it may have expired in the stream, or come to another process
    lane.timer = this.#clock.setTimeout(() => {
      this.#back(lane);
      this.#next(key, lane);
    }, delay + WAY);
  }

  /** Ends all waits, and gives those that waited. */
  clear(): Held[] {
    const waiting = [...this.#lanes.values()].flatMap((lane) => {
      lane.timer?.clear();
      lane.bytes = 0;
      return lane.waiting.splice(0);
    });
    for (const [key, { running }] of this.#lanes) if (!running) this.#lanes.delete(key);
    this.#behindRunning = this.#behindAway = this.#bytesAway = 0;
    return waiting;
  }

  /**
   * Drops the earlier messages of the subject, which the stream has removed because it holds one message of each subject.
   */
  #replace(lane: Lane, { order, raw: { subject } }: Held, replaced: (held: Held) => void): void {
    const isEarlier = (each: { readonly order: number }, of: string) =>
      of === subject && each.order < order;
    if (lane.away && isEarlier(lane.away, lane.away.subject)) this.#back(lane);
    const gone = lane.waiting.filter((each) => isEarlier(each, each.raw.subject));
    if (gone.length === 0) return;
    this.#change(lane, () => {
      for (const each of gone) {
        lane.waiting.splice(lane.waiting.indexOf(each), 1);
        lane.bytes -= each.size;
      }
    });
    gone.forEach(replaced);
  }

  #run(lane: Lane, held: Held): void {
    this.#back(lane);
    lane.running = held;
    this.#go(held);
  }

  #next(key: string, lane: Lane): void {
    let next: Held | undefined;
    this.#change(lane, () => {
      next = lane.waiting.shift();
      lane.bytes -= next?.size ?? 0;
    });
    if (next) this.#run(lane, next);
    else if (!lane.running && lane.away === undefined) this.#lanes.delete(key);
  }

  /** It is away no more. */
  #back(lane: Lane): void {
    lane.timer?.clear();
    lane.timer = undefined;
    if (lane.away !== undefined) this.#change(lane, () => lane.away = undefined);
  }

  #change(lane: Lane, change: () => void): void {
    this.#count(lane, -1);
    change();
    this.#count(lane, 1);
  }

  #count({ away, waiting: { length }, bytes }: Lane, sign: 1 | -1): void {
    if (away === undefined) return void (this.#behindRunning += sign * length);
    this.#behindAway += sign * length;
    this.#bytesAway += sign * bytes;
  }
}
