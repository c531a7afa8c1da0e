import type { Bounds } from "../../queue.ts";

/** What a numbered frame is to its receiver: the next one, a repeated one, one too early, or one beyond the window. */
export type Arrival = "next" | "again" | "early" | "beyond";

/** The receiving end of one direction: what has come, what has been read, and what there is room for. */
export class ReceiveWindow {
  readonly window: Bounds;
  /** Whether the peer has sent its end, or nothing more is wanted. */
  isDone = false;
  #received = 0;
  #bytes = 0;
  #read = 0;
  #readBytes = 0;
  #toldRead = 0;
  #toldBytes = 0;
  #toldReceived = 0;
  #isAsked = false;
  /** The last number that is acknowledged, whatever comes after it. */
  #sealed = Infinity;

  constructor(window: Bounds) {
    this.window = window;
  }

  /** The number of the last frame that came in order. */
  get received(): number {
    return this.#received;
  }

  /** The number of the last frame that came in order and was not dropped unread. */
  get acknowledged(): number {
    return Math.min(this.#received, this.#sealed);
  }

  /** Whether something was dropped unread. */
  get isSealed(): boolean {
    return this.#sealed < Infinity;
  }

  /** The last number there is room for. */
  get frames(): number {
    return this.#read + this.window.messages;
  }

  /** The total of bytes before which a frame may begin. */
  get room(): number {
    return this.#readBytes + this.window.bytes;
  }

  /** Whether more has come than the peer knows. */
  get isNews(): boolean {
    return this.#received > this.#toldReceived;
  }

  /** Whether half of the window has been read: the peer should know, so that it need not stop. */
  get isCreditDue(): boolean {
    return (this.#read - this.#toldRead) * 2 >= this.window.messages ||
      (this.#readBytes - this.#toldBytes) * 2 >= this.window.bytes;
  }

  /** Takes a frame, if it is the next; an end needs no room. */
  arrive(number: number, size: number, isEnd: boolean): Arrival {
    if (number <= this.#received) return "again";
    const isWithin = number <= this.frames && this.#bytes < this.room;
    if (!isWithin && !isEnd) return "beyond";
    if (number !== this.#received + 1) return "early";
    this.#received = number;
    this.#bytes += size;
    this.#isAsked = false;
    return "next";
  }

  /** The program has read this many frames and bytes. */
  read(size: number, frames = 1): void {
    this.#read += frames;
    this.#readBytes += size;
  }

  /** The frame that came last is dropped unread: it is not acknowledged, nor is any after it. */
  seal(): void {
    this.#sealed = Math.min(this.#sealed, this.#received - 1);
  }

  /** The peer knows the current state. */
  told(): void {
    this.#toldRead = this.#read;
    this.#toldBytes = this.#readBytes;
    this.#toldReceived = this.#received;
  }

  /** Returns whether to ask for missing frames: once, until they come. */
  ask(): boolean {
    if (this.#isAsked) return false;
    return this.#isAsked = true;
  }
}
