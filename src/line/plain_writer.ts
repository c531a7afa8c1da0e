import {
  headers as makeHeaders,
  type MsgHdrs,
  type NatsConnection,
  type PublishOptions,
} from "@nats-io/transport-deno";
import { PayloadTooLargeError } from "../errors.ts";
import { isUnwatched, type Outgoing } from "../message/outgoing.ts";
import { sizeOf } from "../message/packet.ts";
import { checkAddresses, type Unsent } from "../wire/segment.ts";
import type { Writer } from "../wire/writer.ts";

/** How many unconfirmed bytes the client may hold at most. */
const WINDOW = 65_536;
/** After how many bytes to ask the server for a confirmation, so that the window moves on before it is full. */
const STRIDE = 16_384;
/** {@linkcode PlainWriter.room} resolves once at most this many bytes wait. */
const CROWD = 1_048_576;
/** How many bytes a message costs beyond its body and headers. */
const ENTRY = 64;
const decoder = new TextDecoder();

/** What the writer needs of its line. */
export interface PlainWays {
  /** Whether writing must wait, as an earlier subscription waits. */
  isHeld(): boolean;
  /** Asks the server whether it has everything that the client got. */
  ask(): Promise<void>;
  /** Reports a dropped message, which the client refuses because the server has lowered its limit. */
  dropped(outgoing: Outgoing, error: Error): void;
}

interface Waiting extends Unsent {
  readonly size: number;
  /** Whether to send the message now or never, so that the writer does not give it back. */
  readonly isFleeting: boolean;
  /** Whether nobody would notice the loss of the message. */
  readonly isCounted: boolean;
}

/** An action with a place in the order of the messages. */
export interface Step {
  /** Whether the server answers it with nothing, as a subscription. */
  readonly isSilent?: boolean;
  mayGo(): boolean;
  go(): void;
}

/**
 * Writes through the client. The client decides when to write and cannot give a message back, so this writer hands it
 * little at a time and keeps the rest here. The client leaves Nagle's algorithm on, which holds each small write back
 * until the one before is acknowledged, 40 ms later where the server has nothing to say: so each write has a question at
 * its end.
 */
export class PlainWriter implements Writer {
  readonly #client: NatsConnection;
  readonly #ways: PlainWays;
  #waiting: (Waiting | Step)[] = [];
  /** How many bytes wait. */
  #size = 0;
  /** How many bytes the client got that the server has not confirmed. */
  #open = 0;
  /** For how many of those bytes no question is on its way. */
  #unasked = 0;
  #forgotten = 0;
  #isAccompanied = false;
  #room: PromiseWithResolvers<void> | undefined;
  taken = 0;
  sent = 0;
  given = 0;

  constructor(client: NatsConnection, ways: PlainWays) {
    this.#client = client;
    this.#ways = ways;
  }

  get left(): number {
    return this.given - this.#size;
  }

  publish(outgoing: Outgoing): void {
    checkAddresses(outgoing);
    const size = sizeOf(outgoing) + outgoing.subject.length + outgoing.replyTo.length + ENTRY;
    this.given += size;
    this.#size += size;
    const isCounted = isUnwatched(outgoing);
    if (isCounted) this.taken++;
    // copy the body: the client reads it some turns later, and the program may overwrite it before
    const data = new Uint8Array(outgoing.data);
    const isFleeting = outgoing.isForgotten === true;
    const waiting = { outgoing, data, size, isFleeting, isCounted };
    if (this.#waiting.length === 0 && this.#canTake(size)) return this.#write(waiting);
    this.#waiting.push(waiting);
    this.#moveOn();
  }

  /** Runs a step after all earlier messages and before all later ones. */
  pass(step: Step): void {
    if (this.#waiting.length === 0 && step.mayGo()) return this.#take(step);
    this.#waiting.push(step);
    this.#moveOn();
  }

  room(): Promise<void> | undefined {
    if (this.#size <= CROWD) return undefined;
    return (this.#room ??= Promise.withResolvers()).promise;
  }

  has(outgoing: Outgoing): boolean {
    return this.#waiting.some((one) => isMessage(one) && one.outgoing === outgoing);
  }

  withdraw(): void {
    if (++this.#forgotten * 2 > this.#waiting.length) this.#thin();
  }

  takeBack(): Unsent[] {
    this.#thin();
    const waiting = this.#waiting;
    this.#waiting = [];
    const unsent = waiting.filter(isMessage).filter(({ isFleeting }) => !isFleeting);
    this.taken = this.sent;
    this.#size = 0;
    this.#makeRoom();
    return unsent;
  }

  /** Hands the client as much as it takes now. */
  goOn(): void {
    let count = 0;
    // a step may publish more, which goes behind all that waits
    for (const one of this.#waiting) {
      if (isMessage(one) ? !this.#canTake(one.size) : !one.mayGo()) break;
      count++;
      if (isMessage(one)) this.#write(one);
      else this.#take(one);
    }
    this.#waiting.splice(0, count);
    this.#makeRoom();
    this.#moveOn();
  }

  /** While anything waits, asks the server about all unconfirmed bytes: otherwise the window would not move on. */
  #moveOn(): void {
    if (this.#waiting.length > 0 && this.#unasked > 0) this.#question();
  }

  /** Whether the client may get so many bytes more; a message larger than the window goes alone. */
  #canTake(size: number): boolean {
    if (this.#ways.isHeld() || this.#client.isClosed()) return false;
    return this.#open === 0 || this.#open + size <= WINDOW;
  }

  /** Counts what was written as asked about; returns what to call once the server has answered. */
  asking(): () => void {
    const asked = this.#unasked;
    this.#unasked = 0;
    return () => void (this.#open -= asked);
  }

  #take(step: Step): void {
    if (step.isSilent) this.#accompany(ENTRY);
    step.go();
  }

  #write({ outgoing, data, size, isFleeting, isCounted }: Waiting): void {
    this.#size -= size;
    if (outgoing.isForgotten && !isFleeting) {
      if (isCounted) this.taken--;
      return;
    }
    // the answer to a request acknowledges it
    if (outgoing.timeLeft === undefined) this.#accompany(size);
    else this.#count(size);
    try {
      this.#client.publish(outgoing.subject, data, optionsOf(outgoing));
    } catch (error) {
      if (isCounted) this.taken--;
      return this.#ways.dropped(outgoing, this.#reasonOf(outgoing, error as Error));
    }
    if (isCounted) this.sent++;
    if (this.#unasked >= STRIDE) this.#question();
  }

  /** Asks before the client writes, which it does in a microtask that it asks for after this one. */
  #accompany(size: number): void {
    this.#count(size);
    if (this.#isAccompanied) return;
    this.#isAccompanied = true;
    queueMicrotask(() => {
      this.#isAccompanied = false;
      if (this.#unasked > 0) this.#question();
    });
  }

  #count(size: number): void {
    this.#open += size;
    this.#unasked += size;
  }

  #reasonOf(outgoing: Outgoing, error: Error): Error {
    const size = sizeOf(outgoing);
    const largest = this.#client.info?.max_payload ?? Infinity;
    return size > largest ? new PayloadTooLargeError(outgoing.subject, size, largest) : error;
  }

  #question(): void {
    const answered = this.asking();
    this.#ways.ask().then(() => {
      answered();
      this.goOn();
    }, () => {
      // the line has ended, and the broker takes back what waits
    });
  }

  #thin(): void {
    this.#forgotten = 0;
    this.#waiting = this.#waiting.filter((one) => {
      if (!isMessage(one)) return true;
      const { outgoing, size, isFleeting, isCounted } = one;
      if (!outgoing.isForgotten || isFleeting) return true;
      this.#size -= size;
      if (isCounted) this.taken--;
      return false;
    });
    this.#makeRoom();
  }

  #makeRoom(): void {
    if (!this.#room || this.#size > CROWD) return;
    this.#room.resolve();
    this.#room = undefined;
  }
}

function optionsOf({ replyTo, headerBlock }: Outgoing): PublishOptions {
  const options: PublishOptions = {};
  if (replyTo !== "") options.reply = replyTo;
  if (headerBlock) options.headers = headersOf(headerBlock);
  return options;
}

function isMessage(one: Waiting | Step): one is Waiting {
  return "outgoing" in one;
}

/** Parses a header block of our own, as the client takes headers one by one. */
function headersOf(block: Uint8Array): MsgHdrs {
  const [, ...lines] = decoder.decode(block).split("\r\n");
  const headers = makeHeaders();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
}
