import type { Clock } from "../clock.ts";
import { OutboxFullError } from "../errors.ts";
import { age, type Outgoing } from "../message/outgoing.ts";
import { alone } from "../message/packet.ts";
import type { Unsent } from "../wire/segment.ts";

/** What an entry costs beyond its bytes, so that empty messages are bounded too. */
const ENTRY = 64;

const encoder = new TextEncoder();

/** What was published while there was no connection: in order, and within a bound of bytes. */
export class Outbox {
  readonly #clock: Clock;
  readonly #limit: number;
  /** Since when, by the clock; the very objects that were given, for whoever takes one back. */
  readonly #held = new Map<Outgoing, number>();
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
   * Takes a message.
   *
   * @throws {OutboxFullError} if it would grow past the bound
   */
  hold(outgoing: Outgoing): void {
    if (this.#size + sizeOf(outgoing) > this.#limit) {
      throw new OutboxFullError(outgoing.subject, this.#size, this.#limit);
    }
    const { headerBlock } = outgoing;
    outgoing.headerBlock = headerBlock && alone(headerBlock);
    this.resume({ outgoing, data: new Uint8Array(outgoing.data) });
  }

  /** Takes a message that was accepted to be sent and could not be: so there is no bound to it any more. */
  resume({ outgoing, data }: Unsent): void {
    if (outgoing.isForgotten) return;
    // bytes that the caller goes on to write into would be sent as they are then, not as they were given
    outgoing.data = data;
    this.#size += sizeOf(outgoing);
    this.#held.set(outgoing, this.#clock.now());
  }

  has(outgoing: Outgoing): boolean {
    return this.#held.has(outgoing);
  }

  /** Takes a message back, if it is held; afterwards it is never sent. */
  withdraw(outgoing: Outgoing): void {
    // it may have been withdrawn, or all have been cleared, while it was sent
    if (!this.#held.delete(outgoing)) return;
    this.#size -= sizeOf(outgoing);
    if (this.#held.size === 0) this.#tell();
  }

  /** Hands over one message after the other, for as long as `send` takes them. */
  release(send: (outgoing: Outgoing) => boolean): void {
    for (const [outgoing, since] of this.#held) {
      const size = sizeOf(outgoing);
      const now = this.#clock.now();
      age(outgoing, now - since);
      this.#size += sizeOf(outgoing) - size;
      this.#held.set(outgoing, now);
      if (!send(outgoing)) return;
      this.withdraw(outgoing);
    }
  }

  /** Resolves once nothing is held: all was sent, or taken back. */
  emptied(): Promise<void> {
    if (this.#held.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Forgets everything, and says how much that was. */
  clear(): number {
    const lost = this.#held.size;
    this.#held.clear();
    this.#size = 0;
    this.#tell();
    return lost;
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function sizeOf({ subject, replyTo, data, headerBlock }: Outgoing): number {
  return bytesOf(subject) + bytesOf(replyTo) + data.length + (headerBlock?.length ?? 0) + ENTRY;
}

/** Of an address as it is sent; nearly all are ASCII. */
function bytesOf(address: string): number {
  return /[\u0080-\uffff]/.test(address) ? encoder.encode(address).length : address.length;
}
