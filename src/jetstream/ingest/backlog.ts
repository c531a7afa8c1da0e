import type { AwaitedMessage, RawMessage } from "../../door/mod.ts";

/** A message that is kept until it is stored. */
export interface Kept extends Pick<RawMessage, "subject" | "data"> {
  readonly headerBlock: Uint8Array;
  /** Under which the stream stores it once. */
  readonly id: string;
  /** When it was first sent, by the clock; `undefined` if no server can have it. */
  sentAt: number | undefined;
  /** As it was last sent in a batch. */
  message: AwaitedMessage | undefined;
}

/** How much may wait. */
interface Room {
  readonly maxPending: number;
  readonly maxPendingBytes: number;
}

/** The messages that are not known to be stored, in order. Each has a number, from 0 on, which it keeps. */
export class Backlog {
  readonly #room: Room;
  #kept: Kept[] = [];
  #bytes = 0;
  #first = 0;
  #left: number | undefined;
  /** Resolves once there is room. */
  #free: (() => void) | undefined;

  constructor(room: Room) {
    this.#room = room;
  }

  /** The number of the first message that is kept; so many are known to be stored. */
  get first(): number {
    return this.#first;
  }

  /** The number that the next message gets; so many were taken. */
  get end(): number {
    return this.#first + this.#kept.length;
  }

  /** The message of a number that is kept. */
  at(number: number): Kept {
    return this.#kept[number - this.#first]!;
  }

  /** The subject of the message of a number; `undefined` if it is not kept. */
  subjectOf(number: number): string | undefined {
    return this.#kept[number - this.#first]?.subject;
  }

  /** How many bytes a message has, on average. */
  get averageSize(): number {
    return this.#bytes / Math.max(1, this.#kept.length);
  }

  /** Takes a message. */
  add(kept: Kept): void {
    this.#kept.push(kept);
    this.#bytes += sizeOf(kept);
  }

  /** Drops the messages before this number, which are stored; returns how many. */
  drop(end: number): number {
    const count = end - this.#first;
    if (count <= 0) return 0;
    for (const kept of this.#kept.splice(0, count)) this.#bytes -= sizeOf(kept);
    this.#first = end;
    if (this.#hasRoom) this.#release();
    return count;
  }

  /** How many messages are kept; those that were kept at the end, after that. */
  get pending(): number {
    return this.#left ?? this.#kept.length;
  }

  /** Drops all messages, stored or not. */
  clear(): void {
    this.#left = this.#kept.length;
    this.#kept = [];
    this.#bytes = 0;
    this.#release();
  }

  /** Resolves once one more may be taken; `undefined` if that is now. */
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
