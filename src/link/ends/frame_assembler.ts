import { asMilliseconds } from "../../duration.ts";
import type { ReceivedBody } from "../frames/body_frames.ts";
import type { Clock } from "../../clock.ts";
import { Queue } from "../../queue.ts";
import type { NextOptions } from "../../reader.ts";
import { sizeOf } from "../../message/raw_message.ts";
import { checkOptions, NEXT_RULES } from "../../options.ts";
import type { BodyCode, Numbered } from "../frames/frame.ts";
import { FRAME } from "../limits.ts";
import type { Link } from "./link.ts";

const FEW_PIECES = 1_024;

/** The timeout of a program, of which a part has passed: an error shows it whole. */
export const GIVEN = Symbol();

/** How much longer to wait. */
export interface RestOfWait extends NextOptions {
  readonly [GIVEN]?: number | undefined;
}

/** Joins pieces to bodies, which wait until the program reads them. */
export class FrameAssembler {
  readonly #link: Pick<Link, "read">;
  readonly #largest: number;
  readonly #clock: Clock;
  readonly #subject: string;
  readonly #bodies = new Queue<ReceivedBody>();
  #pieces: Uint8Array[] = [];
  #joined = 0;
  /** The bytes of pieces that still hold places in the window. */
  #unread = 0;
  #unreadPieces = 0;

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
    return this.#bodies.bytes + this.#joined + this.#pieces.length * FRAME;
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
    else if (this.#bodies.isEnded) this.#link.read(size);
    else if (this.#joined + size > this.#largest || this.#hasTooManyPieces) return false;
    else if (code === "m") this.#keepPiece(data, size);
    else if (this.#pieces.length > 0) this.#arrive(this.#whole(frame, size));
    else this.#arrive(this.#body(code as BodyCode, data, headerBlock, size, 1));
    return true;
  }

  /** Nothing more arrives; waiting bodies can still be read. */
  end(): void {
    this.#forget();
    this.#bodies.end();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#bodies.clear();
    this.end();
  }

  /** The next, at once if it is there. */
  shift(): ReceivedBody | undefined {
    const arrived = this.#bodies.shift();
    if (!arrived) return undefined;
    // the last that waits has all be added up, so that nothing counts wrongly for long
    const freed = this.#bodies.length > 0 ? sizeOf(arrived) + FRAME : undefined;
    this.#link.read(arrived.size, arrived.frames, freed);
    return arrived;
  }

  /** Waits for the next; `undefined` once nothing more comes. */
  async next(options?: RestOfWait): Promise<ReceivedBody | undefined> {
    checkOptions("wait for a message", options, NEXT_RULES);
    options?.signal?.throwIfAborted();
    const arrived = this.shift();
    if (arrived || this.#bodies.isEnded) return arrived;
    const { signal } = options ?? {};
    const timeout = asMilliseconds(options?.timeout);
    const patience = {
      clock: this.#clock,
      timeout: timeout === Infinity ? undefined : timeout,
      given: options?.[GIVEN] ?? timeout,
      signal,
    };
    const coming = this.#bodies.wait(patience, "read a session", this.#subject);
    this.#readPieces();
    return await coming;
  }

  #arrive(arrived: ReceivedBody): void {
    // pieces may count as read before the body they make is taken
    if (this.#bodies.hand(arrived)) this.#link.read(arrived.size, arrived.frames);
    else this.#bodies.push(arrived, sizeOf(arrived) + FRAME);
  }

  get #hasTooManyPieces(): boolean {
    return this.#pieces.length * FRAME > Math.max(this.#largest, FEW_PIECES * FRAME);
  }

  #keepPiece(piece: Uint8Array, size: number): void {
    this.#pieces.push(piece);
    this.#joined += piece.length;
    this.#unread += size;
    this.#unreadPieces++;
    if (this.#bodies.isAwaited) this.#readPieces();
  }

  /**
   * A reader waits for the body that these pieces belong to. The body may be larger than the window, and would never be
   * whole if its pieces held their places.
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
    return this.#body(code as BodyCode, data, headerBlock, size, frames);
  }

  /** Written out, as a spread for each body costs as much as all else that is done with it here. */
  #body(
    code: BodyCode,
    data: Uint8Array,
    headerBlock: Uint8Array | undefined,
    size: number,
    frames: number,
  ): ReceivedBody {
    return { subject: this.#subject, replyTo: "", data, headerBlock, code, size, frames };
  }

  #forget(): void {
    this.#pieces = [];
    this.#joined = this.#unread = this.#unreadPieces = 0;
  }
}
