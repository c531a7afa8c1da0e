import type { Timer } from "../../clock.ts";
import { pause } from "../../deadline.ts";
import { NoRespondersError, TimeoutError } from "../../errors.ts";
import type { BrokerAccess } from "../../door/mod.ts";
import type { AckSubject } from "../api/ack_subject.ts";
import { ACK, nak } from "./ack_words.ts";
import type { Held, Receipt } from "./stored_delivery.ts";

/** After how long to make sure that the server has what was told, in milliseconds. */
const SOON = 20;
/** How long one try of a confirmed acknowledgement takes, in milliseconds. */
const TRY = 2_000;
/** How long to wait for a leader before the next try, in milliseconds. */
const PAUSE = 100;
/** How many messages are remembered whose acknowledgement the server did not confirm. */
const MOST_UNCONFIRMED = 1_000;

const REPEATED = { isRepeated: true } as const;

/** What was told and may not have arrived. Without its message: thousands of them would be kept in memory until a flush. */
interface Unsure {
  readonly receipt: Receipt;
  /** The subject to which its acknowledgement goes; each redelivery has a new one. */
  ackTo: string;
  readonly word: Uint8Array;
  /** From when on it is wanted again, by the clock; `undefined` for what is done. */
  readonly due: number | undefined;
  /** Until when the server waits for it, by the clock. */
  until: number;
}

/**
 * Sends the outcomes of messages to the server, and after an outage sends those again that the server may not have: it has
 * each one that a flush has followed. An outcome that cannot be sent is reported.
 */
export class AckKeeper {
  readonly #access: BrokerAccess;
  readonly #ackWait: () => number;
  readonly #report: (error: Error) => void;
  /** What was told since the last flush began. */
  #told: Unsure[] = [];
  /** What was told before it. */
  #flushing: Unsure[] = [];
  /** What is done although the server did not confirm it; the oldest are first. */
  readonly #unconfirmed = new Set<Unsure>();
  #timer: Timer | undefined;
  #era = 0;
  #isDown = false;
  #confirming = 0;
  #idle: (() => void) | undefined;

  constructor(access: BrokerAccess, ackWait: () => number, report: (error: Error) => void) {
    this.#access = access;
    this.#ackWait = ackWait;
    this.#report = report;
  }

  /** Whether the server has all that was told, as far as a flush can say. */
  get isSure(): boolean {
    return this.#told.length === 0 && this.#flushing.length === 0 && this.#confirming === 0;
  }

  /** Calls back once, when everything that was told has arrived. */
  whenSure(idle: () => void): void {
    this.#idle = idle;
    if (this.#timer) this.#flush();
    this.#look();
  }

  /** It is done. */
  done(held: Held): void {
    this.#tell(held, ACK, undefined, held.sureUntil ?? Infinity);
  }

  /** It is wanted again after so many milliseconds. */
  again(held: Held, delay: number): void {
    const now = this.#access.clock.now();
    // the server gives it to another by itself after that
    const until = Math.min(held.toldAt + this.#ackWait(), held.sureUntil ?? Infinity);
    this.#tell(held, nak(delay), now + delay, until);
  }

  /** It is given up: the server need not deliver it again. */
  over(held: Held, word: Uint8Array): void {
    this.#tell(held, word, undefined, Infinity);
  }

  /** A message was delivered once more: tells it again that it is done, if that was told and may not have arrived. */
  repeat(supply: object, { seq, time }: AckSubject, ackTo: string): boolean {
    const all = [...this.#told, ...this.#flushing, ...this.#unconfirmed];
    const same = all.filter(({ receipt }) =>
      receipt.ack.seq === seq && receipt.ack.time === time && receipt.supply === supply
    );
    let isDone = false;
    for (const unsure of same) {
      if (unsure.due === undefined) {
        unsure.ackTo = ackTo;
        this.#send(unsure);
        isDone = true;
      } else {
        // what is wanted again has come again, and must not be sent back once more
        unsure.until = 0;
      }
    }
    return isDone;
  }

  /**
   * Waits until the server has confirmed the acknowledgements of all these messages.
   *
   * @throws {Error} if the server did not confirm one of them
   */
  async allConfirmed(all: readonly Held[]): Promise<void> {
    const known = await Promise.all(all.map((held) => this.confirmed(held)));
    if (known.every(Boolean)) return;
    throw new Error(
      `Cannot handle ${
        all[0]!.told.id
      } as the server must confirm its acknowledgement first: it has not`,
    );
  }

  /** The server need not deliver it again; resolves with whether it says so. */
  async confirmed(held: Held): Promise<boolean> {
    const { clock } = this.#access;
    this.#confirming++;
    try {
      const patience = clock.now() + Math.max(TRY, this.#ackWait());
      const until = Math.min(patience, held.sureUntil ?? Infinity);
      const stopping = this.#access.stopping();
      let reason: unknown;
      while (clock.now() < until && !stopping.aborted) {
        try {
          await this.#access.request(held.ackTo, ACK, { timeout: TRY });
          return true;
        } catch (error) {
          reason = error;
          // the consumer has no leader at the moment, or is gone
          if (error instanceof NoRespondersError) await pause(clock, PAUSE, stopping);
          else if (!(error instanceof TimeoutError)) break;
        }
      }
      this.#report(unconfirmed(held, reason));
      return false;
    } finally {
      this.#confirming--;
      this.#look();
    }
  }

  /** It is done; resolves once the server knows. If it comes again as the server does not, it is not handled again. */
  async finished(held: Held): Promise<void> {
    if (await this.confirmed(held)) return;
    const { receipt, ackTo } = held;
    this.#unconfirmed.add({ receipt, ackTo, word: ACK, due: undefined, until: Infinity });
    const [oldest] = this.#unconfirmed;
    if (this.#unconfirmed.size > MOST_UNCONFIRMED) this.#unconfirmed.delete(oldest!);
  }

  /** What was told may have been lost. */
  lost(): void {
    this.#isDown = true;
    this.#era++;
    this.#told.unshift(...this.#flushing.splice(0));
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** The connection is there again: tells everything that may have been lost. */
  back(): void {
    this.#isDown = false;
    const now = this.#access.clock.now();
    this.#told = this.#told.filter(({ until }) => now < until);
    for (const unsure of this.#told) this.#send(unsure);
    if (this.#told.length > 0) this.#flush();
    this.#look();
  }

  /** The connection is closed for good. */
  close(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    // without an outage the connection has confirmed all that was sent before it was closed
    const left = this.#isDown ? this.#told.filter(({ due }) => due === undefined) : [];
    this.#told = [];
    this.#flushing = [];
    this.#unconfirmed.clear();
    this.#era++;
    if (left.length > 0) this.#report(untold(left.map(({ receipt }) => receipt)));
  }

  #tell(
    { receipt, ackTo }: Held,
    word: Uint8Array,
    due: number | undefined,
    until: number,
  ): void {
    const unsure = { receipt, ackTo, word, due, until };
    this.#told.push(unsure);
    if (this.#isDown) return;
    this.#send(unsure);
    if (this.#flushing.length > 0 || this.#timer) return;
    if (this.#idle) return this.#flush();
    this.#timer = this.#access.clock.setTimeout(() => this.#flush(), SOON);
  }

  #send({ ackTo, word, due }: Unsure): void {
    const now = due === undefined ? word : nak(due - this.#access.clock.now());
    this.#access.publish(ackTo, now, REPEATED);
  }

  #flush(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    const era = this.#era;
    this.#flushing = this.#told;
    this.#told = [];
    const arrived = () => {
      if (era !== this.#era) return;
      this.#flushing = [];
      if (this.#told.length > 0) this.#flush();
      this.#look();
    };
    // a connection that is lost meanwhile has changed the era
    this.#access.flush().then(arrived, () => {});
  }

  #look(): void {
    if (!this.#idle || !this.isSure) return;
    const idle = this.#idle;
    this.#idle = undefined;
    idle();
  }
}

function unconfirmed({ receipt: { name } }: Held, cause: unknown): Error {
  const sentence = "the server must confirm it: it may be delivered again";
  return new Error(`Cannot acknowledge ${name} as ${sentence}`, { cause });
}

function untold(all: readonly Receipt[]): Error {
  const some = all.slice(0, 3).map(({ name }) => name);
  const more = all.length > some.length ? ` and ${all.length - some.length} more` : "";
  return new Error(
    `Cannot acknowledge what is done as the connection must be back: ${some.join(", ")}${more}, ` +
      "which will be delivered again",
  );
}
