import type { Timer } from "../../clock.ts";
import { TimeoutError } from "../../errors.ts";
import type { BrokerAccess, Invocation } from "../../door/mod.ts";
import { PROGRESS } from "./ack_words.ts";
import type { Held } from "./stored_delivery.ts";

/** How often the server hears of a message within the time that it waits for a word. */
const OFTEN = 3;

/** The unacknowledged messages of one consumer. It tells the server from time to time that handlers work on them. */
export class Holds {
  readonly #access: BrokerAccess;
  readonly #bySeq = new Map<number, Held>();
  #ackWait: number;
  #timer: Timer | undefined;
  #isDown = false;

  constructor(access: BrokerAccess, ackWait: number) {
    this.#access = access;
    this.#ackWait = ackWait;
  }

  get size(): number {
    return this.#bySeq.size;
  }

  /** How long the server waits for a word, in milliseconds. */
  get ackWait(): number {
    return this.#ackWait;
  }

  /** The server waits for so long, whatever was asked for. */
  set ackWait(milliseconds: number) {
    this.#ackWait = milliseconds;
    this.#timer?.clear();
    this.#timer = undefined;
    this.#watch();
  }

  get(seq: number): Held | undefined {
    return this.#bySeq.get(seq);
  }

  /** The lowest number of those that are not settled. */
  get lowest(): number {
    return Math.min(...this.#bySeq.keys());
  }

  /** All of them. */
  get all(): Iterable<Held> {
    return this.#bySeq.values();
  }

  add(held: Held): void {
    this.#bySeq.set(held.seq, held);
    this.#watch();
  }

  /** Another message may have the same number, of another stream of the same name. */
  delete(held: Held): void {
    if (this.#bySeq.get(held.seq) === held) this.#bySeq.delete(held.seq);
  }

  lost(): void {
    this.#isDown = true;
  }

  /** The server may be about to give them to others. */
  back(): void {
    this.#isDown = false;
    this.#extend();
  }

  close(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#bySeq.clear();
  }

  /** Nothing is held: the timer need not fire. */
  rest(): void {
    if (this.#bySeq.size > 0) return;
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #watch(): void {
    if (this.#timer || this.#bySeq.size === 0) return;
    this.#timer = this.#access.clock.setTimeout(() => {
      this.#timer = undefined;
      if (!this.#isDown) this.#extend();
      this.#watch();
    }, this.#ackWait / OFTEN);
  }

  /** All of them at once, as those that come again come in the order in which the server last heard of them. */
  #extend(): void {
    const now = this.#access.clock.now();
    for (const held of this.#bySeq.values()) {
      this.#access.publish(held.ackTo, PROGRESS, { isRepeated: true });
      held.toldAt = now;
    }
  }
}

/** Ends handlers that take too long. One timer looks at those that run, as most end long before. */
export class Deadlines {
  readonly #access: BrokerAccess;
  readonly #timeout: number;
  readonly #held: () => Iterable<Held>;
  #timer: Timer | undefined;

  /** `held` gives all messages that may be handled. */
  constructor(access: BrokerAccess, timeout: number, held: () => Iterable<Held>) {
    this.#access = access;
    this.#timeout = timeout;
    this.#held = held;
  }

  begin({ deadline }: Invocation): void {
    if (!this.#timer) this.#watch(deadline);
  }

  /** No handler runs: the timer need not fire. */
  rest(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #watch(due: number): void {
    const { clock } = this.#access;
    this.#timer = clock.setTimeout(() => this.#look(due), Math.max(0, due - clock.now()));
  }

  #look(due: number): void {
    this.#timer = undefined;
    // the timer decides, also where a clock runs behind it
    const now = Math.max(due, this.#access.clock.now());
    const running = new Set([...this.#held()].map(({ invocation }) => invocation));
    let next = Infinity;
    for (const invocation of running) {
      if (!invocation) continue;
      const { deadline, subject } = invocation;
      if (deadline > now) next = Math.min(next, deadline);
      else invocation.giveUp(new TimeoutError(`handle "${subject}"`, this.#timeout, subject));
    }
    if (next < Infinity) this.#watch(next);
  }
}
