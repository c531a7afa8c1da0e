import type { Clock } from "../clock.ts";
import { OutboxFullError } from "../errors.ts";
import { age, type EncodedMessage } from "../message/encoded_message.ts";
import { inOwnBuffer } from "../message/raw_message.ts";
import type { Unsent } from "../wire/segment.ts";

/** The cost of an entry beyond its bytes, so that the bound limits empty messages too. */
const ENTRY = 64;

const encoder = new TextEncoder();

/** Holds messages published while disconnected, in order, and within a bound of bytes. */
export class Outbox {
  readonly #clock: Clock;
  readonly #limit: number;
  /** The held messages, with the time of each; the callers' own objects, so that they can cancel them. */
  readonly #held = new Map<EncodedMessage, number>();
  readonly #waiting: (() => void)[] = [];
  #size = 0;

  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** How many messages are held. */
  get count(): number {
    return this.#held.size;
  }

  /**
   * Holds a message.
   *
   * @throws {OutboxFullError} if the outbox would exceed its bound
   */
  hold(outgoing: EncodedMessage): void {
    if (this.#size + sizeOf(outgoing) > this.#limit) {
      throw new OutboxFullError(outgoing.subject, this.#size, this.#limit);
    }
    const { headerBlock } = outgoing;
    outgoing.headerBlock = headerBlock && inOwnBuffer(headerBlock);
    this.restore({ outgoing, data: new Uint8Array(outgoing.data) });
  }

  /** Holds a message that the broker had accepted and could not send; the bound does not apply. */
  restore({ outgoing, data }: Unsent): void {
    if (outgoing.dropOnDisconnect) return;
    // use the copy, as the caller may have overwritten its bytes since
    outgoing.data = data;
    this.#size += sizeOf(outgoing);
    this.#held.set(outgoing, this.#clock.now());
  }

  has(outgoing: EncodedMessage): boolean {
    return this.#held.has(outgoing);
  }

  /** Drops a message if it is held. */
  cancel(outgoing: EncodedMessage): void {
    // it may have been cancelled, or the outbox cleared, while `send` ran
    if (!this.#held.delete(outgoing)) return;
    this.#size -= sizeOf(outgoing);
    if (this.#held.size === 0) this.#checkEmpty();
  }

  /** Passes one message after the other to `send`, until it refuses one. */
  sendAll(send: (outgoing: EncodedMessage) => boolean): void {
    for (const [outgoing, since] of this.#held) {
      const size = sizeOf(outgoing);
      const now = this.#clock.now();
      age(outgoing, now - since);
      this.#size += sizeOf(outgoing) - size;
      this.#held.set(outgoing, now);
      if (!send(outgoing)) return;
      this.cancel(outgoing);
    }
  }

  /** Resolves once nothing is held, as all messages were sent or cancelled. */
  whenEmpty(): Promise<void> {
    if (this.#held.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Drops all messages, and returns how many. */
  clear(): number {
    const lost = this.#held.size;
    this.#held.clear();
    this.#size = 0;
    this.#checkEmpty();
    return lost;
  }

  #checkEmpty(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function sizeOf({ subject, replyTo, data, headerBlock }: EncodedMessage): number {
  return bytesOf(subject) + bytesOf(replyTo) + data.length + (headerBlock?.length ?? 0) + ENTRY;
}

/** The length of an address in UTF-8; nearly all addresses are ASCII. */
function bytesOf(address: string): number {
  return /[\u0080-\uffff]/.test(address) ? encoder.encode(address).length : address.length;
}
