import type { ReceivedBody } from "../frames/body_frames.ts";
import type { Clock } from "../../clock.ts";
import { Queue } from "../../queue.ts";
import { within } from "../../deadline.ts";
import type { NextOptions } from "../../inbox/inbox.ts";
import { sizeOf } from "../../message/raw_message.ts";
import { checkOptions, limit, milliseconds, signal } from "../../options.ts";
import type { BodyCode, Numbered } from "../frames/frame.ts";
import { FRAME } from "../limits.ts";
import type { Link } from "./link.ts";

type Reader = (arrived: ReceivedBody | undefined) => void;

const FEW_PIECES = 1_024;
const NEXT_RULES = { timeout: limit(milliseconds), signal };

/** What comes in: pieces are joined, and bodies wait to be read. */
export class FrameAssembler {
  readonly #link: Pick<Link, "read">;
  readonly #largest: number;
  readonly #clock: Clock;
  readonly #subject: string;
  readonly #backlog = new Queue<ReceivedBody>();
  readonly #readers: Reader[] = [];
  #pieces: Uint8Array[] = [];
  #joined = 0;
  /** Of the pieces, what still holds a place in the window. */
  #unread = 0;
  #unreadPieces = 0;
  #isEnded = false;

  constructor(
    link: Pick<Link, "read">,
    largest: number,
    context: { readonly subject: string; readonly clock: Clock },
  ) {
    this.#link = link;
    this.#largest = largest;
    this.#subject = context.subject;
    this.#clock = context.clock;
  }

  /** What is held to be read, in bytes. */
  get held(): number {
    return this.#backlog.bytes + this.#joined + this.#pieces.length * FRAME;
  }

  /**
   * Takes the next frame in order.
   *
   * @returns whether its body is as small as it must be
   */
  take(frame: Numbered): boolean {
    const { code, data, headerBlock } = frame;
    const size = sizeOf(frame);
    if (code === "e" || code === "f") this.end();
    else if (this.#isEnded) this.#link.read(size);
    else if (this.#joined + size > this.#largest || this.#hasTooManyPieces) return false;
    else if (code === "m") this.#copyRawMessage(data, size);
    else if (this.#pieces.length > 0) this.#arrive(this.#whole(frame, size));
    // written out, as a spread for each body costs as much as all else that is done with it here
    else this.#arrive({ code: code as BodyCode, data, headerBlock, size, frames: 1 });
    return true;
  }

  /** Nothing more comes; what waits can still be read. */
  end(): void {
    this.#isEnded = true;
    this.#forget();
    for (const reader of this.#readers.splice(0)) reader(undefined);
  }

  /** Forgets what waits. */
  clear(): void {
    this.#backlog.clear();
    this.end();
  }

  /** The next, at once if it is there. */
  shift(): ReceivedBody | undefined {
    const arrived = this.#backlog.shift();
    if (arrived) this.#link.read(arrived.size, arrived.frames);
    return arrived;
  }

  /** Waits for the next; `undefined` once nothing more comes. */
  async next(options?: NextOptions): Promise<ReceivedBody | undefined> {
    checkOptions("wait for a message", options, NEXT_RULES);
    options?.signal?.throwIfAborted();
    const arrived = this.shift();
    if (arrived || this.#isEnded) return arrived;
    const { timeout, signal } = options ?? {};
    return await this.#wait({
      clock: this.#clock,
      timeout: timeout === Infinity ? undefined : timeout,
      signal,
    });
  }

  async #wait(patience: Parameters<typeof within>[1]): Promise<ReceivedBody | undefined> {
    const { promise, resolve } = Promise.withResolvers<ReceivedBody | undefined>();
    let handed: ReceivedBody | undefined;
    const reader: Reader = (arrived) => resolve(handed = arrived);
    this.#readers.push(reader);
    this.#readPieces();
    try {
      return await within(promise, patience, "read a session", this.#subject);
    } catch (error) {
      // in one turn a message may come and the wait end, and the message has no other reader
      if (handed) return handed;
      const at = this.#readers.indexOf(reader);
      if (at >= 0) this.#readers.splice(at, 1);
      throw error;
    }
  }

  #arrive(arrived: ReceivedBody): void {
    const reader = this.#readers.shift();
    // pieces may count as read before the body they make is taken
    if (!reader) return this.#backlog.push(arrived, sizeOf(arrived) + FRAME);
    reader(arrived);
    this.#link.read(arrived.size, arrived.frames);
  }

  get #hasTooManyPieces(): boolean {
    return this.#pieces.length * FRAME > Math.max(this.#largest, FEW_PIECES * FRAME);
  }

  #copyRawMessage(piece: Uint8Array, size: number): void {
    this.#pieces.push(piece);
    this.#joined += piece.length;
    this.#unread += size;
    this.#unreadPieces++;
    if (this.#readers.length > 0) this.#readPieces();
  }

  /**
   * Somebody waits for the body that these are pieces of, and nothing is before it: it may be larger than the window, and
   * would never be whole if its pieces held their places.
   */
  #readPieces(): void {
    if (this.#unreadPieces === 0) return;
    const [size, frames] = [this.#unread, this.#unreadPieces];
    this.#unread = this.#unreadPieces = 0;
    this.#link.read(size, frames);
  }

  /** The body that a last frame, of so many bytes, makes whole. */
  #whole({ code, data: last, headerBlock }: Numbered, ofLast: number): ReceivedBody {
    const [size, frames] = [this.#unread + ofLast, this.#unreadPieces + 1];
    const data = new Uint8Array(this.#joined + last.length);
    let at = 0;
    for (const piece of [...this.#pieces, last]) {
      data.set(piece, at);
      at += piece.length;
    }
    this.#forget();
    return { code: code as BodyCode, data, headerBlock, size, frames };
  }

  #forget(): void {
    this.#pieces = [];
    this.#joined = this.#unread = this.#unreadPieces = 0;
  }
}
