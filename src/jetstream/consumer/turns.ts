import { asError } from "../../legible.ts";

/** How long to wait on a consumer, in milliseconds, if there are fewer free places than consumers. */
const SHORT = 50;
/** The longest such wait, after a while without messages. */
const LONGEST_SHORT = 400;

/** One of the consumers that are asked in turn. */
export interface Asker {
  /** How many messages its open request may still bring. */
  readonly asked: number;
  /** Whether it can be asked, or already waits for messages. */
  readonly isReady: boolean;
  /** Whether the server has just said that it has no messages. */
  isEmpty: boolean;
  /** Whether it has recently failed to answer. */
  readonly isStuck: boolean;
  /** Whether it seldom has messages: it is asked, but not waited on while places are few. */
  readonly isRare: boolean;
  /** How long a request may wait, in milliseconds. */
  readonly longest: number;
  /** Takes the messages that exist now, up to `batch`; resolves once no message is in flight. */
  probe(batch: number): Promise<void>;
  /** Waits for up to `batch` messages, for up to `expires` milliseconds. */
  wait(batch: number, expires: number): void;
  /** Withdraws its request; resolves once no message is in flight. */
  withdraw(): Promise<void>;
}

/**
 * Shares the places of one subscriber among several consumers. In each round it asks every consumer for the messages that
 * it has, the highest one first, and each next one for the places that are left. If places are left at the end, no consumer
 * has further messages; it then waits on all of them, each with a part of the places. So it never asks for a message that
 * has no place.
 */
export class Turns {
  readonly #room: () => number;
  readonly #report: (error: Error) => void;
  /** In the order of their priority, the highest first. */
  readonly #pullers: Asker[] = [];
  #isOpen = false;
  #isBusy = false;
  #isAgain = false;
  /** The index of the consumer to wait on next, if there are few places; `#window` is how long. */
  #next = 0;
  #window = SHORT;

  /** `room` returns how many messages there are places for. */
  constructor(room: () => number, report: (error: Error) => void) {
    this.#room = room;
    this.#report = report;
  }

  /** Adds a consumer behind those that were added before. */
  add(puller: Asker): void {
    this.#pullers.push(puller);
  }

  /** Begins to ask. Call it only once all consumers can be asked, or a lower one would come first. */
  open(): void {
    this.#isOpen = true;
    this.look();
  }

  /** Begins a round, because a place is free or a consumer can be asked. */
  look(): void {
    this.#isAgain = true;
    if (this.#isBusy || !this.#isOpen) return;
    this.#isBusy = true;
    // one round serves all places that become free at the same time
    queueMicrotask(() => {
      this.#rounds().catch((error) => this.#report(asError(error)));
    });
  }

  /** Reports that the wait on a consumer has ended, with messages or without. */
  ended({ isEmpty }: Asker): void {
    // a higher consumer may have got messages in the meantime, too
    if (!isEmpty) this.#forget();
    else this.#pullers.filter(({ isRare }) => isRare).forEach((rare) => rare.isEmpty = false);
    this.look();
  }

  async #rounds(): Promise<void> {
    try {
      while (this.#isAgain) {
        this.#isAgain = false;
        await this.#round();
      }
    } finally {
      this.#isBusy = false;
    }
  }

  async #round(): Promise<void> {
    for (const puller of this.#pullers) {
      while (needsTurn(puller)) {
        if (this.#free >= 1) {
          await puller.probe(this.#free);
          continue;
        }
        if (!await this.#takeBack()) return this.#forget();
        // a withdrawn request may have brought messages, whose consumers are asked first
        this.#isAgain = true;
        return;
      }
    }
    if (!this.#waitOnAll()) this.#forget();
  }

  /** How many messages may be asked for. */
  get #free(): number {
    const asked = this.#pullers.reduce((sum, puller) => sum + puller.asked, 0);
    return this.#room() - asked;
  }

  /** Withdraws the requests that wait for messages; returns whether there were any. */
  async #takeBack(): Promise<boolean> {
    const waiting = this.#pullers.filter(({ asked, isReady }) => isReady && asked > 0);
    await Promise.all(waiting.map((puller) => puller.withdraw()));
    return waiting.length > 0;
  }

  /** Makes the next round ask all consumers again, even those that were empty. */
  #forget(): void {
    for (const puller of this.#pullers) puller.isEmpty = false;
    this.#window = SHORT;
  }

  /** Waits on all consumers; returns whether there are too few places for that. */
  #waitOnAll(): boolean {
    const idle = this.#pullers.filter(({ isReady, asked }) => isReady && asked === 0);
    const free = this.#free;
    if (idle.length === 0 || free < 1) return false;
    if (free < idle.length) {
      this.#waitOnSome(idle, free);
      return true;
    }
    this.#window = SHORT;
    const share = Math.floor(free / idle.length);
    // the first ones get the remainder
    const more = free % idle.length;
    idle.forEach((puller, at) => puller.wait(share + (at < more ? 1 : 0), puller.longest));
    return false;
  }

  /** Waits on as many consumers as there are places, in turn. */
  #waitOnSome(idle: readonly Asker[], free: number): void {
    const usual = idle.filter(({ isRare }) => !isRare);
    const from = usual.length > 0 ? usual : idle;
    const count = Math.min(free, from.length);
    for (let at = 0; at < count; at++) from[this.#next++ % from.length]!.wait(1, this.#window);
    this.#window = Math.min(LONGEST_SHORT, this.#window * 2);
  }
}

/** Whether it may have messages that are not known yet. */
function needsTurn({ isReady, asked, isEmpty, isStuck }: Asker): boolean {
  return isReady && asked === 0 && !isEmpty && !isStuck;
}
