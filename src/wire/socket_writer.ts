import type { Clock } from "../clock.ts";
import { type Batch, gather } from "../pacing.ts";
import type { EncodedMessage } from "../message/encoded_message.ts";
import { roomOf, Segment, SIZE, type Unsent } from "./segment.ts";

/** The transport's parts that the writer uses; a transport that writes at once has no `pendingWrite`. */
export interface Pipe {
  send(bytes: Uint8Array): void;
  /** Settles once the socket has taken the last write; `null` while no write is pending. */
  readonly pendingWrite?: Promise<void> | null | undefined;
  /** The WebSocket, which buffers every write. */
  readonly socket?: { readonly backlog?: number } | undefined;
}

/** After how many microtasks without a new message to write. */
const STILLNESS = 4;
/** In bytes, the size of a write; a larger one would only wait longer. */
const LONGEST_WRITE = 32_768;
/** In bytes; {@linkcode SocketWriter.room} resolves once at most this much is left to write. */
const CROWD = 1_048_576;
/**
 * In bytes, how much room for further large messages is kept. Without it, a program that sends many of them would leave as
 * much garbage as it sends, and tens of megabytes gather before they are collected.
 */
const SPARE = 1_048_576;
/** In bytes, how much a WebSocket may hold besides one write: it accepts every write and returns none. */
const AHEAD = 131_072;
/** In milliseconds, how often to check how much a WebSocket still has to send; less often while it sends nothing. */
const LOOK = 1;
const LONGEST_LOOK = 16;

/**
 * Writes to the socket. It joins messages that a program publishes one by one, each with an `await`, into one write, as
 * a write for each message would be a system call for each. While the socket is busy, messages wait here and not in the
 * transport, which would silently lose them if the connection broke.
 */
export class SocketWriter implements Writer {
  readonly #clock: Pick<Clock, "inRealTime">;
  readonly #pipe: () => Pipe | undefined;
  /** Oldest first; new messages go into the last segment. */
  #segments: Segment[] = [new Segment()];
  #spare: Segment | undefined;
  /** Segments for large messages, to use again. */
  readonly #large: Segment[] = [];
  #size = 0;
  #acceptedBytes = 0;
  #acceptedMessages = 0;
  #waiting = 0;
  /** How many messages have been cancelled since the segments were last thinned. */
  #cancelled = 0;
  #look = LOOK;
  #isGathering = false;
  readonly #batch: Batch = {
    size: () => this.#size,
    mayWait: () => this.#busy === undefined,
    send: () => {
      this.#isGathering = false;
      this.#write();
    },
  };
  #busy: Promise<void> | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  /** `pipe` returns the transport while it is connected. */
  constructor(clock: Pick<Clock, "inRealTime">, pipe: () => Pipe | undefined) {
    this.#clock = clock;
    this.#pipe = pipe;
  }

  get acceptedMessages(): number {
    return this.#acceptedMessages;
  }

  get sentMessages(): number {
    return this.#acceptedMessages - this.#waiting;
  }

  publish(outgoing: EncodedMessage): void {
    const segment = this.#roomy(roomOf(outgoing));
    const { length, unconfirmed } = segment;
    segment.addMessage(outgoing);
    const size = segment.length - length;
    this.#size += size;
    this.#acceptedBytes += size;
    const added = segment.unconfirmed - unconfirmed;
    this.#acceptedMessages += added;
    this.#waiting += added;
    this.flush();
  }

  get acceptedBytes(): number {
    return this.#acceptedBytes;
  }

  get sentBytes(): number {
    return this.#acceptedBytes - this.#size;
  }

  room(): Promise<void> | undefined {
    if (this.#size <= CROWD) return undefined;
    return (this.#room ??= Promise.withResolvers()).promise;
  }

  has(outgoing: EncodedMessage): boolean {
    return this.#segments.some((segment) => segment.has(outgoing));
  }

  dropCancelled(): void {
    if (this.#size === 0) return;
    const count = this.#segments.reduce((sum, segment) => sum + segment.count, 0);
    // while the socket takes nothing, many messages may be cancelled: free their room without waiting for the socket
    if (++this.#cancelled * 2 > count) this.#thin();
  }

  takeUnsent(): Unsent[] {
    const unsent = this.#segments.flatMap((segment) => segment.unsent());
    // keep mere commands: they belong to a fresh connection, and without them its subscriptions would get nothing
    if (unsent.length > 0) this.reset();
    return unsent;
  }

  /** Writes everything, once no new message has come for a few microtasks. */
  readonly flush = (): void => {
    if (this.#busy) return;
    if (this.#isGathering) return this.#size < LONGEST_WRITE ? undefined : this.#write();
    this.#isGathering = true;
    gather(this.#batch, STILLNESS);
  };

  /** Takes the client's own commands too, so that everything stays in order. */
  fill(...parts: readonly Uint8Array[]): void {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const segment = this.#roomy(length);
    for (const part of parts) segment.addCommand(part);
    this.#size += length;
    this.#acceptedBytes += length;
  }

  /** How many bytes wait, for the client. */
  size(): number {
    return this.#size;
  }

  /** Whether anything waits, for the client: it asks for a flush only with the first command. */
  length(): number {
    return this.#size > 0 ? 1 : 0;
  }

  /** Drops everything unsent; the client calls it before it dials again. */
  reset(): void {
    for (const segment of this.#segments) segment.clear();
    this.#segments.length = 1;
    this.#size = 0;
    this.#acceptedMessages -= this.#waiting;
    this.#waiting = 0;
    this.#cancelled = 0;
    this.#busy = undefined;
    this.#makeRoom();
  }

  #roomy(length: number): Segment {
    const last = this.#segments.at(-1)!;
    if (last.fits(length)) return last;
    const segment = this.#fresh(length);
    // an empty write would still cost a system call
    if (last.length === 0) this.#reuse(this.#segments.pop()!);
    this.#segments.push(segment);
    return segment;
  }

  #fresh(least = 0): Segment {
    const spare = this.#spare;
    if (spare?.fits(least)) {
      this.#spare = undefined;
      return spare;
    }
    if (least <= SIZE) return new Segment();
    const place = this.#large.findLastIndex((large) => large.fits(least));
    return place < 0 ? new Segment(least) : this.#large.splice(place, 1)[0]!;
  }

  #write(): void {
    const pipe = this.#pipe();
    while (pipe && this.#size > 0) {
      const busy = pipe.pendingWrite ?? this.#crowded(pipe);
      if (busy) return this.#after(busy);
      if (this.#cancelled > 0) {
        this.#thin();
        continue;
      }
      this.#send(pipe, this.#segments.shift()!);
    }
  }

  #send(pipe: Pipe, segment: Segment): void {
    if (this.#segments.length === 0) this.#segments.push(this.#fresh());
    this.#size -= segment.length;
    this.#waiting -= segment.unconfirmed;
    // copy for a WebSocket: it sends the whole buffer behind a view, and keeps it as long as it likes
    const isClocked = "pendingWrite" in pipe;
    pipe.send(isClocked ? segment.bytes : segment.bytes.slice());
    const reuse = () => this.#reuse(segment);
    if (pipe.pendingWrite) pipe.pendingWrite.then(reuse, reuse);
    else reuse();
    this.#makeRoom();
  }

  /** Frees the room of cancelled messages. */
  #thin(): void {
    this.#cancelled = 0;
    this.#size = 0;
    for (const segment of this.#segments) {
      const unconfirmed = segment.thin();
      this.#acceptedMessages -= unconfirmed;
      this.#waiting -= unconfirmed;
      this.#size += segment.length;
    }
    // an empty write would still cost a system call
    const last = this.#segments.at(-1)!;
    this.#segments = this.#segments.filter((segment) => segment.length > 0 || segment === last);
    this.#makeRoom();
  }

  #crowded({ socket }: Pipe): Promise<void> | undefined {
    if ((socket?.backlog ?? 0) < AHEAD) {
      this.#look = LOOK;
      return undefined;
    }
    const wait = this.#look;
    this.#look = Math.min(2 * wait, LONGEST_LOOK);
    return this.#clock.inRealTime(wait);
  }

  #after(written: Promise<void>): void {
    this.#busy = written;
    const goOn = () => {
      // the connection is over, or its socket failed and takes nothing any more
      if (this.#busy !== written || this.#pipe()?.pendingWrite === written) return;
      this.#busy = undefined;
      this.#write();
    };
    written.then(goOn, goOn);
  }

  #reuse(segment: Segment): void {
    segment.clear();
    if (segment.isUsual) this.#spare = segment;
    else if (this.#roomOfLarge + segment.size <= SPARE) this.#large.push(segment);
  }

  get #roomOfLarge(): number {
    return this.#large.reduce((sum, { size }) => sum + size, 0);
  }

  #makeRoom(): void {
    if (!this.#room || this.#size > CROWD) return;
    this.#room.resolve();
    this.#room = undefined;
  }
}

/** Writes to the socket of one connection. */
export interface Writer {
  /** How many messages it has accepted that a broken connection may lose unnoticed, minus those taken out again. */
  readonly acceptedMessages: number;
  /** How many of those messages the socket has got. */
  readonly sentMessages: number;
  /**
   * Takes a message, and writes it soon.
   *
   * @throws {InvalidSubjectError} if its subject or its reply address would break its line apart
   */
  publish(outgoing: EncodedMessage): void;
  /** How many bytes it has accepted; `sentBytes` counts those that no longer wait. */
  readonly acceptedBytes: number;
  readonly sentBytes: number;
  /** Resolves once little is left to write; `undefined` if it is so already. */
  room(): Promise<void> | undefined;
  /** Whether it still holds this message unsent. */
  has(outgoing: EncodedMessage): boolean;
  /** Notes that a message was cancelled; the writer drops it if it still holds it. */
  dropCancelled(): void;
  /** Removes and returns the unsent messages, in order. */
  takeUnsent(): Unsent[];
}
