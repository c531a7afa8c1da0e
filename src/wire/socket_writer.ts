import type { Clock } from "../clock.ts";
import type { Outgoing } from "../message/outgoing.ts";
import { roomOf, Segment, type Unsent } from "./segment.ts";
import type { Writer } from "./writer.ts";

/** What a transport has for those who write; one that writes at once has no `pendingWrite`. */
export interface Pipe {
  send(bytes: Uint8Array): void;
  /** Settles once what was sent has left for the socket; `null` while nothing is on its way there. */
  readonly pendingWrite?: Promise<void> | null | undefined;
  /** The WebSocket, which takes whatever it is given. */
  readonly socket?: { readonly backlog?: number } | undefined;
}

/** So many microtasks without anything new, and what there is goes out. */
const STILLNESS = 4;
/** In bytes; more would only wait longer. */
const LONGEST_WRITE = 32_768;
/** In bytes; whoever waits for room waits until no more than this is left to be written. */
const CROWD = 1_048_576;
/** In bytes; a WebSocket takes whatever it is given, and gives nothing back: it has no more than this and one write. */
const AHEAD = 131_072;
/** In milliseconds; a WebSocket does not tell when it has less to send. While it sends nothing it is asked less often. */
const LOOK = 1;
const LONGEST_LOOK = 16;

/**
 * The way to the socket. What is published one by one, each behind an `await`, goes out together, as a write each would
 * be a system call for each message. While the socket is busy all waits here and not in the transport, where it would
 * be lost without a word if the connection broke.
 */
export class SocketWriter implements Writer {
  readonly #clock: Pick<Clock, "inRealTime">;
  readonly #pipe: () => Pipe | undefined;
  /** Oldest first; what comes goes into the last. */
  #segments: Segment[] = [new Segment()];
  #spare: Segment | undefined;
  #size = 0;
  #given = 0;
  #taken = 0;
  #waiting = 0;
  /** How many messages have been forgotten since the segments were thinned. */
  #forgotten = 0;
  #look = LOOK;
  #isGathering = false;
  #busy: Promise<void> | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  /** `pipe` gives the transport while it is connected. */
  constructor(clock: Pick<Clock, "inRealTime">, pipe: () => Pipe | undefined) {
    this.#clock = clock;
    this.#pipe = pipe;
  }

  get taken(): number {
    return this.#taken;
  }

  get sent(): number {
    return this.#taken - this.#waiting;
  }

  publish(outgoing: Outgoing): void {
    const segment = this.#roomy(roomOf(outgoing));
    const { length, unwatched } = segment;
    segment.addMessage(outgoing);
    const size = segment.length - length;
    this.#size += size;
    this.#given += size;
    const added = segment.unwatched - unwatched;
    this.#taken += added;
    this.#waiting += added;
    this.flush();
  }

  get given(): number {
    return this.#given;
  }

  get left(): number {
    return this.#given - this.#size;
  }

  room(): Promise<void> | undefined {
    if (this.#size <= CROWD) return undefined;
    return (this.#room ??= Promise.withResolvers()).promise;
  }

  has(outgoing: Outgoing): boolean {
    return this.#segments.some((segment) => segment.has(outgoing));
  }

  withdraw(): void {
    if (this.#size === 0) return;
    const count = this.#segments.reduce((sum, segment) => sum + segment.count, 0);
    // they may be many while the socket takes nothing, and their room is not to wait for it
    if (++this.#forgotten * 2 > count) this.#thin();
  }

  takeBack(): Unsent[] {
    const unsent = this.#segments.flatMap((segment) => segment.unsent());
    // commands alone are those of a connection that has just come back: a subscription that is forgotten hears nothing
    if (unsent.length > 0) this.reset();
    return unsent;
  }

  /** Has what there is written, once nothing more comes for a few turns. */
  readonly flush = (): void => {
    if (this.#busy) return;
    if (this.#isGathering) return this.#size < LONGEST_WRITE ? undefined : this.#write();
    this.#isGathering = true;
    let seen = 0;
    let still = 0;
    const gather = () => {
      still = this.#size > seen ? 0 : still + 1;
      seen = this.#size;
      if (still < STILLNESS && !this.#busy) return queueMicrotask(gather);
      this.#isGathering = false;
      this.#write();
    };
    gather();
  };

  /** The client's own commands come this way too, so that all is in order. */
  fill(...parts: readonly Uint8Array[]): void {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const segment = this.#roomy(length);
    for (const part of parts) segment.addCommand(part);
    this.#size += length;
    this.#given += length;
  }

  /** In bytes, as the client asks for it. */
  size(): number {
    return this.#size;
  }

  /** Whether there is anything: the client asks for a flush with the first command, and then no more. */
  length(): number {
    return this.#size > 0 ? 1 : 0;
  }

  /** Forgets all that has not left; the client does so before it dials again. */
  reset(): void {
    for (const segment of this.#segments) segment.clear();
    this.#segments.length = 1;
    this.#size = 0;
    this.#taken -= this.#waiting;
    this.#waiting = 0;
    this.#forgotten = 0;
    this.#busy = undefined;
    this.#makeRoom();
  }

  #roomy(length: number): Segment {
    const last = this.#segments.at(-1)!;
    if (last.fits(length)) return last;
    const segment = this.#fresh(length);
    // a write of nothing would be a write all the same
    if (last.length === 0) this.#reuse(this.#segments.pop()!);
    this.#segments.push(segment);
    return segment;
  }

  #fresh(least = 0): Segment {
    const spare = this.#spare;
    if (!spare?.fits(least)) return new Segment(least);
    this.#spare = undefined;
    return spare;
  }

  #write(): void {
    const pipe = this.#pipe();
    while (pipe && this.#size > 0) {
      const busy = pipe.pendingWrite ?? this.#crowded(pipe);
      if (busy) return this.#after(busy);
      if (this.#forgotten > 0) {
        this.#thin();
        continue;
      }
      this.#send(pipe, this.#segments.shift()!);
    }
  }

  #send(pipe: Pipe, segment: Segment): void {
    if (this.#segments.length === 0) this.#segments.push(this.#fresh());
    this.#size -= segment.length;
    this.#waiting -= segment.unwatched;
    // a WebSocket sends the whole buffer that a view is of, and keeps it for as long as it likes
    const isClocked = "pendingWrite" in pipe;
    pipe.send(isClocked ? segment.bytes : segment.bytes.slice());
    const reuse = () => this.#reuse(segment);
    if (pipe.pendingWrite) pipe.pendingWrite.then(reuse, reuse);
    else reuse();
    this.#makeRoom();
  }

  /** Has the room of what has been forgotten back. */
  #thin(): void {
    this.#forgotten = 0;
    this.#size = 0;
    for (const segment of this.#segments) {
      const unwatched = segment.thin();
      this.#taken -= unwatched;
      this.#waiting -= unwatched;
      this.#size += segment.length;
    }
    // a write of nothing would be a write all the same
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
      // the socket of a connection that is over, or one that failed and takes nothing any more
      if (this.#busy !== written || this.#pipe()?.pendingWrite === written) return;
      this.#busy = undefined;
      this.#write();
    };
    written.then(goOn, goOn);
  }

  #reuse(segment: Segment): void {
    if (!segment.isUsual) return;
    segment.clear();
    this.#spare = segment;
  }

  #makeRoom(): void {
    if (!this.#room || this.#size > CROWD) return;
    this.#room.resolve();
    this.#room = undefined;
  }
}
