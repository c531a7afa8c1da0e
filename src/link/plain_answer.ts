import type { Clock } from "../clock.ts";
import { DEFAULT_BOUNDS, Queue } from "../queue.ts";
import { isPlainEnd } from "../requests/answers.ts";
import { ReceivedMessage } from "../message/message.ts";
import { copyRawMessage, heldSize, type RawMessage } from "../message/raw_message.ts";
import { remoteErrorOf } from "../message/reply.ts";
import { END } from "../message/signalbox_headers.ts";
import { COMPLETE, type Ending } from "./ending.ts";
import { FRAME } from "./held.ts";

/**
 * What comes to an opening from somebody who does not speak of links: part after part, up to the empty message of ADR-47, an
 * error, or one answer that says of itself that it is all.
 */
export class PlainAnswer {
  readonly #clock: Clock;
  readonly #subject: string;
  readonly #shrunk: () => void;
  readonly #backlog = new Queue<RawMessage>();
  readonly #ended = Promise.withResolvers<Ending>();
  #ending: Ending | undefined;
  #isRefusal = false;
  #count = 0;
  #last: number;
  #coming: PromiseWithResolvers<void> | undefined;

  /** Calls `shrunk` when it holds less. */
  constructor(subject: string, clock: Clock, shrunk: () => void) {
    this.#clock = clock;
    this.#shrunk = shrunk;
    this.#last = clock.now();
    this.#subject = subject;
  }

  /** How it ended; `undefined` while more may come. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** Resolves with how it ended. */
  get ended(): Promise<Ending> {
    return this.#ended.promise;
  }

  /** Whether one who serves streams or sessions has refused, so that none of these will accept. */
  get isRefusal(): boolean {
    return this.#isRefusal;
  }

  /** Whether there is anything to read. */
  get hasParts(): boolean {
    return this.#backlog.length > 0;
  }

  /** What is held to be read, in bytes. */
  get held(): number {
    return this.#backlog.bytes;
  }

  /** When the last message came, by the clock. */
  get last(): number {
    return this.#last;
  }

  take(packet: RawMessage): void {
    if (this.#ending) return;
    this.#last = this.#clock.now();
    if (isPlainEnd(packet)) {
      // one that listens and has nothing to say answers so, too
      if (this.#count > 0) this.end(COMPLETE);
      return;
    }
    const message = new ReceivedMessage(packet);
    const error = packet.headerBlock && remoteErrorOf(this.#subject, message);
    const end = message.headers.get(END);
    if (error) {
      this.#isRefusal = end === "error";
      return this.end({ reason: "error", error });
    }
    const size = heldSize(packet) + FRAME;
    // a part that is missing would make what is left look like the whole
    if (!this.#backlog.fits(size, DEFAULT_BOUNDS)) return this.end({ reason: "gap" });
    this.#count++;
    this.#backlog.push(copyRawMessage(packet), size);
    this.#wake();
    if (end === COMPLETE.reason) this.end(COMPLETE);
  }

  /** The next part; `undefined` once there is none. */
  async next(): Promise<RawMessage | undefined> {
    while (!this.hasParts && !this.#ending) await this.#news();
    const part = this.#backlog.shift();
    this.#shrunk();
    return part;
  }

  /** Nothing more is taken; what came can still be read. */
  end(ending: Ending): void {
    if (this.#ending) return;
    this.#ending = ending;
    this.#ended.resolve(ending);
    this.#wake();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#backlog.clear();
    this.#shrunk();
  }

  /** Resolves with the next message. */
  #news(): Promise<void> {
    this.#coming ??= Promise.withResolvers();
    return this.#coming.promise;
  }

  #wake(): void {
    this.#coming?.resolve();
    this.#coming = undefined;
  }
}
