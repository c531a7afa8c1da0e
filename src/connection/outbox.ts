import { OutboxFullError } from "../errors.ts";
import { type Outgoing, waited } from "../message/outgoing.ts";

/** A message that waits for the connection, and can still be taken back. */
export interface Held {
  /** Takes it back; afterwards it is never sent. */
  withdraw(): void;
}

interface Entry {
  readonly outgoing: Outgoing;
  /** By `performance.now()`. */
  readonly since: number;
}

/** What an entry costs beyond its bytes, so that empty messages are bounded too. */
const ENTRY = 64;

/** What was published while there was no connection: in order, and within a bound of bytes. */
export class Outbox {
  readonly #limit: number;
  readonly #held = new Set<Entry>();
  readonly #waiting: (() => void)[] = [];
  #size = 0;

  constructor(limit: number) {
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
  hold(outgoing: Outgoing): Held {
    const size = sizeOf(outgoing);
    if (this.#size + size > this.#limit) {
      throw new OutboxFullError(outgoing.subject, this.#size, this.#limit);
    }
    this.#size += size;
    // bytes that the caller goes on to write into would be sent as they are then, not as they were given
    const kept = {
      outgoing: { ...outgoing, data: new Uint8Array(outgoing.data) },
      since: performance.now(),
    };
    this.#held.add(kept);
    return {
      withdraw: () => this.#forget(kept),
    };
  }

  /** Hands over one message after the other, for as long as `send` takes them. */
  release(send: (outgoing: Outgoing) => boolean): void {
    for (const entry of this.#held) {
      if (!send(waited(entry.outgoing, performance.now() - entry.since))) return;
      this.#forget(entry);
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

  #forget(entry: Entry): void {
    // it may have been withdrawn, or all have been cleared, while it was sent
    if (!this.#held.delete(entry)) return;
    this.#size -= sizeOf(entry.outgoing);
    if (this.#held.size === 0) this.#tell();
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function sizeOf({ subject, replyTo, data, headerBlock }: Outgoing): number {
  return subject.length + replyTo.length + data.length + (headerBlock?.length ?? 0) + ENTRY;
}
