import type { FrameCode, Numbered } from "./frame.ts";
import type { Tally } from "./tally.ts";

interface Kept extends Numbered {
  /** The bytes of all frames before it. */
  readonly before: number;
}

/** A piece of a body, or an end, that has no number yet. */
export type Unnumbered = Omit<Numbered, "number">;

/**
 * One direction, where it is sent from. Frames are numbered from 1 and kept until they are acknowledged; a cursor tells
 * the next to send, and goes back when some were lost.
 */
export class Outflow {
  #kept: (Kept | undefined)[] = [];
  #head = 0;
  #cursor = 1;
  #last = 0;
  #acknowledged = 0;
  #bytes = 0;
  #frames = 0;
  #room = 0;
  #keptBytes = 0;
  #isEnded = false;

  /** The number of the last frame that was given. */
  get last(): number {
    return this.#last;
  }

  /** The number of the last frame that was sent; less than it was, after a rewind. */
  get sent(): number {
    return this.#cursor - 1;
  }

  /** How many bytes are kept. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** How many frames are kept. */
  get keptFrames(): number {
    return this.#last - this.#acknowledged;
  }

  /** Whether no more can be given. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether everything that was given, the end included, has been acknowledged. */
  get isDone(): boolean {
    return this.#isEnded && this.#acknowledged === this.#last;
  }

  /** Takes a frame, and gives its number. */
  give({ code, data, headerBlock }: Unnumbered): number {
    const number = ++this.#last;
    this.#kept.push({ number, code, data, headerBlock, before: this.#bytes });
    this.#bytes += data.length;
    this.#keptBytes += data.length;
    this.#isEnded ||= isEnd(code);
    return number;
  }

  /** The next to send, if there is one and the other side has room; an end needs none. */
  peek(): Numbered | undefined {
    const frame = this.#kept[this.#head + this.#cursor - this.#acknowledged - 1];
    if (!frame) return undefined;
    const fits = frame.number <= this.#frames && frame.before < this.#room;
    return fits || isEnd(frame.code) ? frame : undefined;
  }

  /** The one that `peek` gave has been sent. */
  advance(): void {
    this.#cursor++;
  }

  /**
   * Learns what the other side has, and what it has room for.
   *
   * @returns whether that can be: nobody has received what was never given, or was acknowledged and is not there any more
   */
  learn({ received, frames, bytes }: Tally): boolean {
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

  /** Keeps nothing, and is done: nobody will take it. */
  discard(): void {
    this.#kept = [];
    this.#head = 0;
    this.#acknowledged = this.#last;
    this.#cursor = this.#last + 1;
    this.#keptBytes = 0;
    this.#isEnded = true;
  }

  #drop(): void {
    this.#keptBytes -= this.#kept[this.#head]!.data.length;
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
