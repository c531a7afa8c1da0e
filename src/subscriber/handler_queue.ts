import { asMilliseconds } from "../duration.ts";
import { type Clock, platformClock } from "../clock.ts";
import { within } from "../deadline.ts";
import { copyDelivery, type Delivery, sizeOfDelivery } from "../message/raw_message.ts";
import type { NextOptions } from "../reader.ts";
import { checkOptions, count as wholeCount, limit, milliseconds, signal } from "../options.ts";
import { breath, breathing } from "../pacing.ts";
import { type Bounds, Queue } from "../queue.ts";

/** Handles the messages of a queue. */
export interface Worker<D extends Delivery = Delivery> {
  /** Handles a message, without throwing; returns a promise only if it has to wait. */
  run(delivery: D, arrived: number): void | Promise<void>;
  /** Refuses a message for which there is no room. */
  overflow(delivery: D): void;
  /** Refuses a message that arrived after the last start of a handler. */
  late(delivery: D): void;
  /** Called when a handler has ended. */
  freed?(): void;
}

/** After how many messages of the backlog to check whether the event loop needs a turn. */
const SERIES = 16;

interface Waiting<D> {
  readonly delivery: D;
  readonly arrived: number;
}

/**
 * Passes a limited number of messages at a time to the handler, and lets a limited number wait. It never blocks the
 * client's read loop, as a slow handler must not delay the answers to other requests.
 */
export class HandlerQueue<D extends Delivery = Delivery> {
  readonly #worker: Worker<D>;
  readonly #concurrency: number;
  readonly #bounds: Bounds;
  readonly #backlog = new Queue<Waiting<D>>();
  #clock!: Clock;
  #running = 0;
  #era = 0;
  #until = Infinity;
  #refilling = false;
  #begun = 0;
  #idle: (() => void)[] = [];

  constructor(worker: Worker<D>, concurrency: number, bounds: Bounds) {
    this.#worker = worker;
    this.#concurrency = concurrency;
    this.#bounds = bounds;
  }

  /** How many messages run or wait. */
  get count(): number {
    return this.#running + this.#backlog.length;
  }

  /** How many handlers could begin at once. */
  get free(): number {
    return Math.max(0, this.#concurrency - this.count);
  }

  /** Takes a message: to the handler, to the backlog, or refuses it. */
  take(delivery: D): void {
    const arrived = this.#clock.now();
    if (arrived > this.#until) return this.#worker.late(delivery);
    // a new message must not overtake those that wait for a turn of the event loop
    const isFree = this.#running < this.#concurrency && !this.#refilling;
    if (isFree) return this.#start({ delivery, arrived });
    const size = sizeOfDelivery(delivery);
    if (!this.#backlog.fits(size, this.#bounds)) return this.#worker.overflow(delivery);
    this.#backlog.push({ delivery: copyDelivery(delivery) as D, arrived }, size);
  }

  /** Takes messages from now on. */
  open(clock: Clock): void {
    this.#clock = clock;
    this.#until = Infinity;
  }

  /** Starts no handler after this moment, by the clock: handlers that never wait would let no timer end a stop. */
  expireAt(moment: number): void {
    this.#until = moment;
  }

  /** Resolves once every taken message has been handled. */
  async drained(): Promise<void> {
    if (this.count > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    // the turn that a loop has asked for is a timer: left behind, it would be a leak in a program's tests
    await breathing();
  }

  /** Stops counting running messages, and returns the waiting ones. */
  clear(): D[] {
    const left: D[] = [];
    for (let next; (next = this.#backlog.shift());) left.push(next.delivery);
    this.#era++;
    this.#running = 0;
    this.#tellIdle();
    return left;
  }

  #start({ delivery, arrived }: Waiting<D>): void {
    const era = this.#era;
    this.#running++;
    const done = this.#worker.run(delivery, arrived);
    if (!done) return this.#finished(era);
    const finish = () => this.#finished(era);
    // free the place even after an error
    done.then(finish, finish);
  }

  /** Uses a loop, as handlers that do not wait would otherwise recurse through the whole backlog. */
  #finished(era: number): void {
    if (era !== this.#era) return;
    this.#running--;
    if (this.#refilling) return;
    this.#refill();
    this.#worker.freed?.();
  }

  #refill(): void {
    this.#refilling = true;
    while (this.#mayBegin && this.#backlog.length > 0) {
      // handlers that never wait would run through the whole backlog before any timer fires
      const turn = ++this.#begun % SERIES === 0 && breath();
      if (turn) return void turn.then(() => this.#refill());
      this.#start(this.#backlog.shift()!);
    }
    this.#refilling = false;
    if (this.#running === 0 && this.#backlog.length === 0) this.#tellIdle();
  }

  get #mayBegin(): boolean {
    if (this.#running >= this.#concurrency) return false;
    return this.#until === Infinity || this.#clock.now() <= this.#until;
  }

  #tellIdle(): void {
    for (const tell of this.#idle.splice(0)) tell();
  }
}

/** Counts handled messages, and lets programs wait for a count. */
export class HandledCount {
  readonly #waiting = new Set<() => unknown>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  readonly add = (): void => {
    this.#count++;
    for (const look of this.#waiting) look();
  };

  /** Resolves once so many messages were handled; rejects at its timeout, 5 000 ms by default, and with its signal. */
  async reach(
    count: number,
    options: NextOptions,
    subject: string,
    clock: Clock | undefined,
  ): Promise<void> {
    checkOptions("wait for messages", { count }, { count: wholeCount });
    checkOptions("wait for messages", options, { timeout: limit(milliseconds), signal });
    const timeout = asMilliseconds(options.timeout ?? 5_000);
    const patience = {
      ...options,
      clock: clock ?? platformClock,
      timeout: timeout === Infinity ? undefined : timeout,
    };
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => this.#count >= count && resolve();
    this.#waiting.add(look);
    look();
    try {
      const messages = count === 1 ? "1 message" : `${count} messages`;
      await within(promise, patience, `see ${messages} handled`, subject);
    } finally {
      this.#waiting.delete(look);
    }
  }
}
