import { inOwnBuffer, sizeOf } from "../../message/raw_message.ts";
import type { Bounds } from "../../queue.ts";
import type { FlowState } from "../frames/control_frames.ts";
import { type FrameCode, type Numbered, packedSize, type Unnumbered } from "../frames/frame.ts";

interface Kept extends Numbered {
  /** The bytes of all frames before it, their headers included. */
  readonly before: number;
  readonly size: number;
}

/** What there is to know of what is sent. */
export type Sent = Pick<
  SendWindow,
  "last" | "sent" | "keptFrames" | "keptBytes" | "isEnded" | "isDone" | "isAdmitted" | "settle"
>;

/**
 * One direction, where it is sent from. Frames are numbered from 1 and kept until they are acknowledged; a cursor tells
 * the next to send, and goes back when some were lost.
 */
export class SendWindow {
  readonly #most: Bounds;
  #kept: (Kept | undefined)[] = [];
  #head = 0;
  #cursor = 1;
  #last = 0;
  #lastBody = 0;
  #acknowledged = 0;
  #bytes = 0;
  #frames = 0;
  #room = 0;
  #keptBytes = 0;
  #isEnded = false;
  /** The last that was given when `settle` was called before. */
  #settling = 0;
  /** The last that has bytes of its own. */
  #settled = 0;
  /** What was acknowledged when the other side was last asked how far it is. */
  #askedAt = -1;
  /** What is told as sent, once nothing more is. */
  #leftAt: number | undefined;

  /** Sends no more than so much beyond what is acknowledged, whatever the other side has room for. */
  constructor(most: Bounds) {
    this.#most = most;
  }

  /** The number of the last frame that was given. */
  get last(): number {
    return this.#last;
  }

  /** The number of the last frame that was sent; less than it was, after a rewind. */
  get sent(): number {
    return this.#cursor - 1;
  }

  /** What the other side is told as sent. */
  get told(): number {
    return this.#leftAt ?? this.sent;
  }

  /** How many bytes are kept. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** How many frames are kept. */
  get keptFrames(): number {
    return this.#last - this.#acknowledged;
  }

  /** Whether anything but an end is kept. */
  get isKeepingBodies(): boolean {
    return this.#lastBody > this.#acknowledged;
  }

  /** Whether no more can be given. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether everything that was given, the end included, has been acknowledged. */
  get isDone(): boolean {
    return this.#isEnded && this.#acknowledged === this.#last;
  }

  /**
   * Whether the other side has to be asked what has come, once for each acknowledgement: it has more room than we keep
   * frames for, and would say so only when half of its own window has been read.
   */
  get isAcknowledgementDue(): boolean {
    const { messages, bytes } = this.#most;
    const sent = this.sent - this.#acknowledged;
    const isAhead = this.#frames > this.#acknowledged + messages ||
      this.#room > this.#bytes - this.#keptBytes + bytes;
    if (!isAhead || sent === 0 || this.#askedAt === this.#acknowledged) return false;
    const next = this.#at(this.#cursor);
    const sentBytes = (next?.before ?? this.#bytes) - (this.#bytes - this.#keptBytes);
    return sent * 2 >= messages || sentBytes * 2 >= bytes;
  }

  /** The other side has been asked. */
  asked(): void {
    this.#askedAt = this.#acknowledged;
  }

  /** Takes a frame, and gives its number. */
  give({ code, data, headerBlock }: Unnumbered): number {
    const number = ++this.#last;
    const size = sizeOf({ data, headerBlock });
    this.#kept.push({ number, code, data, headerBlock, before: this.#bytes, size });
    this.#bytes += size;
    this.#keptBytes += size;
    if (isEnd(code)) this.#isEnded = true;
    else this.#lastBody = number;
    return number;
  }

  /** The next to send, if there is one and the other side has room; an end needs none. */
  peek(): Numbered | undefined {
    const frame = this.#at(this.#cursor);
    return frame && this.#fits(frame) ? frame : undefined;
  }

  /** Takes the next to send, and those after it that fit into one message of so many bytes. */
  take(most: number): readonly Numbered[] {
    const taken: Numbered[] = [];
    let left = most;
    for (let frame; (frame = this.peek()); this.#cursor++) {
      left -= packedSize(frame);
      if (taken.length > 0 && left < 0) break;
      taken.push(frame);
    }
    return taken;
  }

  /** Whether there is room for a frame that was given, so that it is sent in the same turn. */
  isAdmitted(number: number): boolean {
    const frame = this.#at(number);
    return frame === undefined || this.#fits(frame);
  }

  /**
   * Learns what the other side has, and what it has room for.
   *
   * @returns whether that can be: nobody has received what was never given, or was acknowledged and is not there any more
   */
  learn({ received, frames, bytes }: FlowState): boolean {
    if (received > this.#last) return false;
    while (this.#acknowledged < received) this.#drop();
    if (this.#cursor <= received) this.#cursor = received + 1;
    this.#frames = Math.max(this.#frames, frames);
    this.#room = Math.max(this.#room, bytes);
    return true;
  }

  /** Goes back to the first frame that the other side has not. */
  rewind(): void {
    this.#cursor = this.#acknowledged + 1;
  }

  /**
   * Gives what has been kept since the call before bytes of its own: small bodies are written into arrays of 8 KiB that they
   * share with all else that is sent, and each would keep one of them for as long as the other side says nothing.
   */
  settle(): void {
    for (let number = Math.max(this.#settled, this.#acknowledged) + 1; number <= this.#settling;) {
      const at = this.#head + number++ - this.#acknowledged - 1;
      const frame = this.#kept[at]!;
      const { data, headerBlock } = frame;
      this.#kept[at] = {
        ...frame,
        data: inOwnBuffer(data),
        headerBlock: headerBlock && inOwnBuffer(headerBlock),
      };
    }
    this.#settled = this.#settling;
    this.#settling = this.#last;
  }

  /** Keeps nothing more, as nobody wants it; whether that was more than an end is told as what has been sent. */
  abandon(): void {
    this.#leftAt = this.isKeepingBodies ? this.#last : this.#last - this.keptFrames;
    this.discard();
  }

  /** Keeps nothing, and is done: nobody will take it. */
  discard(): void {
    this.#kept = [];
    this.#head = 0;
    this.#acknowledged = this.#last;
    this.#cursor = this.#last + 1;
    this.#keptBytes = 0;
    this.#isEnded = true;
  }

  #at(number: number): Kept | undefined {
    return this.#kept[this.#head + number - this.#acknowledged - 1];
  }

  #fits({ number, before, code }: Kept): boolean {
    if (isEnd(code)) return true;
    const { messages, bytes } = this.#most;
    // we do not believe in a window that never has to be answered for: what is sent is kept here
    return number <= this.#frames && before < this.#room &&
      number <= this.#acknowledged + messages && before < this.#bytes - this.#keptBytes + bytes;
  }

  #drop(): void {
    this.#keptBytes -= this.#kept[this.#head]!.size;
    this.#kept[this.#head++] = undefined;
    this.#acknowledged++;
    // half of the array is behind us: letting go of it now costs each frame one move at most
    if (this.#head * 2 >= this.#kept.length) {
      this.#kept = this.#kept.slice(this.#head);
      this.#head = 0;
    }
  }
}

function isEnd(code: FrameCode): boolean {
  return code === "e" || code === "f";
}

/** Milliseconds between two times that the same frames are sent again: the first, and the longest. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 2_000;

/**
 * When frames are sent again that the other side says it misses. Saying so costs it one small message, and all that is kept
 * for it may be a megabyte, so that it cannot have that for each: it goes again at once, and then after a wait, which
 * doubles until all of it has been acknowledged.
 */
export class RewindDelay {
  #isWanted = false;
  #notBefore = -Infinity;
  #wait = FIRST_WAIT;
  /** The number of the last frame that was sent when it went back. */
  #last = 0;

  /** When to go back, `Infinity` if the other side misses nothing. */
  get due(): number {
    return this.#isWanted ? this.#notBefore : Infinity;
  }

  /** The other side misses something. */
  want(): void {
    this.#isWanted = true;
  }

  /** Goes back, if it is time for that. */
  proceed(out: SendWindow, now: number): void {
    if (!this.#isWanted || now < this.#notBefore) return;
    this.#isWanted = false;
    const acknowledged = out.last - out.keptFrames;
    if (acknowledged >= this.#last) this.#wait = FIRST_WAIT;
    this.#last = Math.max(this.#last, out.sent);
    this.#notBefore = now + this.#wait;
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
    out.rewind();
  }
}
