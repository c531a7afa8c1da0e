import type { Clock } from "../clock.ts";
import { Backlog, type Bounds } from "../backlog.ts";
import { breath } from "../breath.ts";
import { heldSize, keep, type Packet } from "../message/packet.ts";

/** What an intake hands over to. */
export interface Worker {
  /** Sees a message through; gives a promise only where it has to wait. */
  run(packet: Packet, arrived: number): void | Promise<void>;
  /** There is no room for this one. */
  overflow(packet: Packet): void;
  /** This one has come when no more is to be begun. */
  late(packet: Packet): void;
}

/** After so many from the backlog the event loop may be due for a turn. */
const SERIES = 16;

interface Waiting {
  readonly packet: Packet;
  readonly arrived: number;
}

/**
 * Lets so many messages at a time through to the handler, and so many wait. The client's read loop is never
 * made to wait: a slow handler must not keep the answers of other requests from being read.
 */
export class Intake {
  readonly #worker: Worker;
  readonly #concurrency: number;
  readonly #bounds: Bounds;
  readonly #backlog = new Backlog<Waiting>();
  #clock!: Clock;
  #running = 0;
  #era = 0;
  #until = Infinity;
  #refilling = false;
  #begun = 0;
  #idle: (() => void)[] = [];

  constructor(worker: Worker, concurrency: number, bounds: Bounds) {
    this.#worker = worker;
    this.#concurrency = concurrency;
    this.#bounds = bounds;
  }

  /** How many messages are at work, or wait for it. */
  get count(): number {
    return this.#running + this.#backlog.length;
  }

  /** Takes a message in: to the handler, to the backlog, or not at all. */
  take(packet: Packet): void {
    const arrived = this.#clock.now();
    if (arrived > this.#until) return this.#worker.late(packet);
    // what waits for a turn of the event loop must not be overtaken
    const isFree = this.#running < this.#concurrency && !this.#refilling;
    if (isFree) return this.#start({ packet, arrived });
    const size = heldSize(packet);
    if (!this.#backlog.fits(size, this.#bounds)) return this.#worker.overflow(packet);
    this.#backlog.push({ packet: keep(packet), arrived }, size);
  }

  /** Takes in messages from now on. */
  open(clock: Clock): void {
    this.#clock = clock;
    this.#until = Infinity;
  }

  /**
   * Begins nothing after this moment, by the clock: handlers that never wait would let no timer end a stop.
   */
  takeUntil(moment: number): void {
    this.#until = moment;
  }

  /** Resolves once every message that was taken has been seen through. */
  drained(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle.push(resolve);
    return promise;
  }

  /** Waits for nothing any more: what still waits is given back, and what is at work no longer counts. */
  clear(): Packet[] {
    const left: Packet[] = [];
    for (let next; (next = this.#backlog.shift());) left.push(next.packet);
    this.#era++;
    this.#running = 0;
    this.#tellIdle();
    return left;
  }

  #start({ packet, arrived }: Waiting): void {
    const era = this.#era;
    this.#running++;
    const done = this.#worker.run(packet, arrived);
    if (!done) return this.#finished(era);
    const finish = () => this.#finished(era);
    // a place that is never given back would be worse than whatever went wrong
    done.then(finish, finish);
  }

  /** A loop, as handlers that do not wait would otherwise call one another down a backlog of any length. */
  #finished(era: number): void {
    if (era !== this.#era) return;
    this.#running--;
    if (!this.#refilling) this.#refill();
  }

  #refill(): void {
    this.#refilling = true;
    while (this.#mayBegin && this.#backlog.length > 0) {
      // handlers that wait for nothing would work off the whole backlog before any timer fires
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
