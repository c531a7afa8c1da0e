import type { AwaitedMessage, RawMessage } from "../../door/mod.ts";

/** A message that the ingest keeps until it is stored. */
export interface Kept extends Pick<RawMessage, "subject" | "data"> {
  readonly headerBlock: Uint8Array;
  /** The id under which the stream stores the message once. */
  readonly id: string;
  /** When the message was first sent, by the clock; `undefined` if no server can have it. */
  sentAt: number | undefined;
  /** The message as it was last sent in a batch. */
  message: AwaitedMessage | undefined;
}

/** The limits of a backlog. */
interface Room {
  readonly maxPending: number;
  readonly maxPendingBytes: number;
}

/** The messages that are not known to be stored, in order. Each message keeps its number, which counts from 0. */
export class Backlog {
  readonly #room: Room;
  #kept: Kept[] = [];
  #bytes = 0;
  #first = 0;
  #left: number | undefined;
  /** Resolves the promise of `room()`. */
  #free: (() => void) | undefined;

  constructor(room: Room) {
    this.#room = room;
  }

  /** The number of the first message that is kept, which is also the count of stored messages. */
  get first(): number {
    return this.#first;
  }

  /** The number that the next message gets, which is also the count of messages taken. */
  get end(): number {
    return this.#first + this.#kept.length;
  }

  /** The kept message with this number. */
  at(number: number): Kept {
    return this.#kept[number - this.#first]!;
  }

  /** The subject of the message with this number; `undefined` if it is not kept. */
  subjectOf(number: number): string | undefined {
    return this.#kept[number - this.#first]?.subject;
  }

  /** The average size of the kept messages, in bytes. */
  get averageSize(): number {
    return this.#bytes / Math.max(1, this.#kept.length);
  }

  /** Adds a message. */
  add(kept: Kept): void {
    this.#kept.push(kept);
    this.#bytes += sizeOf(kept);
  }

  /** Drops the messages before this number, which are stored; returns how many it dropped. */
  drop(end: number): number {
    const count = end - this.#first;
    if (count <= 0) return 0;
    for (const kept of this.#kept.splice(0, count)) this.#bytes -= sizeOf(kept);
    this.#first = end;
    if (this.#hasRoom) this.#release();
    return count;
  }

  /** How many messages are kept; after the end, how many were kept at the end. */
  get pending(): number {
    return this.#left ?? this.#kept.length;
  }

  /** Drops all messages. */
  clear(): void {
    this.#left = this.#kept.length;
    this.#kept = [];
    this.#bytes = 0;
    this.#release();
  }

  /** Resolves once the backlog has room; `undefined` if it has room now. */
  room(): Promise<void> | undefined {
    if (this.#hasRoom) return undefined;
    return new Promise((resolve) => this.#free = resolve);
  }

  get #hasRoom(): boolean {
    const { maxPending, maxPendingBytes } = this.#room;
    return this.#kept.length < maxPending && this.#bytes < maxPendingBytes;
  }

  #release(): void {
    this.#free?.();
    this.#free = undefined;
  }
}

function sizeOf({ data, headerBlock }: Kept): number {
  return data.length + headerBlock.length;
}
