import { inOwnBuffer, sizeOf } from "../../message/raw_message.ts";
import type { Bounds } from "../../queue.ts";
import type { FlowState } from "../frames/control_frames.ts";
import { type FrameCode, type Numbered, packedSize, type Unnumbered } from "../frames/frame.ts";

interface Kept extends Numbered {
  /** The bytes of all frames before it, their headers included. */
  readonly before: number;
  readonly size: number;
}

/** What others may know of a send window. */
export type Sent = Pick<
  SendWindow,
  "last" | "sent" | "keptFrames" | "keptBytes" | "isEnded" | "isDone" | "isAdmitted" | "settle"
>;

/**
 * The sending end of one direction. Frames are numbered from 1 and kept until they are acknowledged; a cursor marks the
 * next one to send, and goes back when frames were lost.
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
  /** The number of the last frame at the previous call of `settle`. */
  #settling = 0;
  /** The number of the last frame that has bytes of its own. */
  #settled = 0;
  /** What was acknowledged when we last asked the peer. */
  #askedAt = -1;
  /** The number to report as sent after `cancel`. */
  #leftAt: number | undefined;

  /** Sends at most `most` beyond what is acknowledged, however large the peer's window is. */
  constructor(most: Bounds) {
    this.#most = most;
  }

  /** The number of the last frame given. */
  get last(): number {
    return this.#last;
  }

  /** The number of the last frame sent; a rewind lowers it. */
  get sent(): number {
    return this.#cursor - 1;
  }

  /** The number to report to the peer as sent. */
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

  /** Whether any unacknowledged frame is a body. */
  get isKeepingBodies(): boolean {
    return this.#lastBody > this.#acknowledged;
  }

  /** Whether it takes no more frames. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether every frame, the end included, is acknowledged. */
  get isDone(): boolean {
    return this.#isEnded && this.#acknowledged === this.#last;
  }

  /**
   * Whether to ask the peer for an acknowledgement, once for each: its window is larger than what we keep, and it would
   * acknowledge only when half of that window has been read.
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

  /** We have asked the peer. */
  asked(): void {
    this.#askedAt = this.#acknowledged;
  }

  /** Takes a frame and returns its number. */
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

  /** The next frame to send, if the peer has room for it; an end needs none. */
  peek(): Numbered | undefined {
    const frame = this.#at(this.#cursor);
    return frame && this.#fits(frame) ? frame : undefined;
  }

  /** Takes the next frames to send that fit into one message of this many bytes; at least one. */
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

  /** Whether there is room for a given frame, so that it goes out in the same turn. */
  isAdmitted(number: number): boolean {
    const frame = this.#at(number);
    return frame === undefined || this.#fits(frame);
  }

  /**
   * Learns what the peer has received, and what it has room for.
   *
   * @returns whether that is possible: no peer can have received a frame that was never given
   */
  learn({ received, frames, bytes }: FlowState): boolean {
    if (received > this.#last) return false;
    while (this.#acknowledged < received) this.#drop();
    if (this.#cursor <= received) this.#cursor = received + 1;
    this.#frames = Math.max(this.#frames, frames);
    this.#room = Math.max(this.#room, bytes);
    return true;
  }

  /** Goes back to the first unacknowledged frame. */
  rewind(): void {
    this.#cursor = this.#acknowledged + 1;
  }

  /**
   * Copies the bytes of frames that have been kept since the previous call: small bodies are written into arrays of
   * 8 KiB that they share with everything else that is sent, and each frame would keep one of them alive for as long as
   * the peer acknowledges nothing.
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

  /** Drops all frames, as the peer takes no more; `told` then shows whether bodies were among them. */
  cancel(): void {
    this.#leftAt = this.isKeepingBodies ? this.#last : this.#last - this.keptFrames;
    this.discard();
  }

  /** Drops all frames and takes no more. */
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
    // our own bounds apply too: the peer's window costs it nothing, and unacknowledged frames stay in our memory
    return number <= this.#frames && before < this.#room &&
      number <= this.#acknowledged + messages && before < this.#bytes - this.#keptBytes + bytes;
  }

  #drop(): void {
    this.#keptBytes -= this.#kept[this.#head]!.size;
    this.#kept[this.#head++] = undefined;
    this.#acknowledged++;
    // half of the array is acknowledged: compacting it now moves each frame once at most
    if (this.#head * 2 >= this.#kept.length) {
      this.#kept = this.#kept.slice(this.#head);
      this.#head = 0;
    }
  }
}

function isEnd(code: FrameCode): boolean {
  return code === "e" || code === "f";
}

/** Milliseconds between two retransmissions of the same frames: the first delay, and the longest. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 2_000;

/**
 * Delays retransmissions. Asking for one costs the peer a small message, and costs us up to a megabyte: the first
 * follows at once, and each later one after a delay that doubles until everything has been acknowledged.
 */
export class RewindDelay {
  #isWanted = false;
  #notBefore = -Infinity;
  #wait = FIRST_WAIT;
  /** The number of the last frame sent at the last rewind. */
  #last = 0;

  /** When to send again; `Infinity` if the peer misses nothing. */
  get due(): number {
    return this.#isWanted ? this.#notBefore : Infinity;
  }

  /** The peer misses frames. */
  want(): void {
    this.#isWanted = true;
  }

  /** Rewinds the window if the delay has passed. */
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
