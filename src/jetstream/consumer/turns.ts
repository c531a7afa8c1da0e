import { asError } from "../../legible.ts";

/** For how long a consumer is waited on, in milliseconds, where there are fewer free places than consumers. */
const SHORT = 50;
/** The same after a while in which none had anything. */
const LONGEST_SHORT = 400;

/** Who is asked when it is its turn. */
export interface Asker {
  /** How many messages may come still. */
  readonly asked: number;
  /** Whether it can be asked, or waits for messages. */
  readonly isReady: boolean;
  /** Whether the server has just said that there is nothing. */
  isEmpty: boolean;
  /** Whether it did not answer a moment ago. */
  readonly isStuck: boolean;
  /** Whether it seldom has anything: it is asked, and not waited on while there are few places. */
  readonly isRare: boolean;
  /** How long a request may wait, in milliseconds. */
  readonly longest: number;
  /** Takes what there is now, so many at most; resolves once nothing is on its way. */
  probe(batch: number): Promise<void>;
  /** Waits for so many messages at most, and for so many milliseconds. */
  wait(batch: number, expires: number): void;
  /** Takes its request back; resolves once nothing is on its way. */
  withdraw(): Promise<void>;
}

/**
 * Shares the places of one subscriber among several consumers. In a round each of them is asked for what it has, the
 * highest first, and the next one for the places that are left. If places are left at the end, none of them had anything
 * more, and all are waited on, each for a part of the places. So nothing is asked for that has no place.
 */
export class Turns {
  readonly #room: () => number;
  readonly #report: (error: Error) => void;
  /** The highest first. */
  readonly #pullers: Asker[] = [];
  #isOpen = false;
  #isBusy = false;
  #isAgain = false;
  /** Who is waited on next, where there are few places, and for how long. */
  #next = 0;
  #window = SHORT;

  /** `room` is for how many messages there are places. */
  constructor(room: () => number, report: (error: Error) => void) {
    this.#room = room;
    this.#report = report;
  }

  /** Adds who is asked behind those that were added before. */
  add(puller: Asker): void {
    this.#pullers.push(puller);
  }

  /** Begins to ask: no sooner than all can be asked, or a lower one would come first. */
  open(): void {
    this.#isOpen = true;
    this.look();
  }

  /** Something has changed: a place is free, or somebody can be asked. */
  look(): void {
    this.#isAgain = true;
    if (this.#isBusy || !this.#isOpen) return;
    this.#isBusy = true;
    // many places that become free at once are asked for at once
    queueMicrotask(() => {
      this.#rounds().catch((error) => this.#report(asError(error)));
    });
  }

  /** One that was waited on has got messages, or has none. */
  ended({ isEmpty }: Asker): void {
    // meanwhile a higher one may have got some, too
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
        // what was taken back may have brought something, and those are asked before
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

  /** Takes back the places of those that wait for messages; returns whether there were any. */
  async #takeBack(): Promise<boolean> {
    const waiting = this.#pullers.filter(({ asked, isReady }) => isReady && asked > 0);
    await Promise.all(waiting.map((puller) => puller.withdraw()));
    return waiting.length > 0;
  }

  /** What was empty a while ago has to be asked again. */
  #forget(): void {
    for (const puller of this.#pullers) puller.isEmpty = false;
    this.#window = SHORT;
  }

  /** Waits for messages of all; returns whether there were too few places for that. */
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
    // the first ones get what does not divide
    const more = free % idle.length;
    idle.forEach((puller, at) => puller.wait(share + (at < more ? 1 : 0), puller.longest));
    return false;
  }

  /** Waits on as many as there are places, in turn. */
  #waitOnSome(idle: readonly Asker[], free: number): void {
    const usual = idle.filter(({ isRare }) => !isRare);
    const from = usual.length > 0 ? usual : idle;
    const count = Math.min(free, from.length);
    for (let at = 0; at < count; at++) from[this.#next++ % from.length]!.wait(1, this.#window);
    this.#window = Math.min(LONGEST_SHORT, this.#window * 2);
  }
}

/** Whether it may have messages of which we do not know. */
function needsTurn({ isReady, asked, isEmpty, isStuck }: Asker): boolean {
  return isReady && asked === 0 && !isEmpty && !isStuck;
}
