import {
  type MsgHdrs,
  MsgHdrsImpl,
  type NatsConnection,
  type PublishOptions,
} from "@nats-io/transport-deno";
import { PayloadTooLargeError } from "../errors.ts";
import { countsAsUnconfirmed, type EncodedMessage } from "../message/encoded_message.ts";
import { sizeOf } from "../message/raw_message.ts";
import { checkAddresses, type Unsent } from "../wire/segment.ts";
import type { Writer } from "../wire/socket_writer.ts";

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
export interface PlainWriterOptions {
  /** Whether writing must wait, as an earlier subscription waits. */
  isHeld(): boolean;
  /** Asks the server whether it has everything that the client got. */
  confirm(): Promise<void>;
  /** Reports a dropped message, which the client refuses because the server has lowered its limit. */
  dropped(outgoing: EncodedMessage, error: Error): void;
}

interface Waiting extends Unsent {
  readonly size: number;
  /** Whether to send the message now or never, so that the writer does not return it. */
  readonly isFleeting: boolean;
  /** Whether a broken connection counts it as possibly lost. */
  readonly isCounted: boolean;
}

/** An action with a place in the order of the messages. */
export interface Step {
  /** Whether the server answers nothing to it, as to a subscription. */
  readonly isUnanswered?: boolean;
  isReady(): boolean;
  run(): void;
}

/**
 * Writes through the client. The client decides when to write and cannot return a message, so this writer passes it
 * little at a time and keeps the rest. The client leaves Nagle's algorithm on: it holds a small write back until the
 * server has acknowledged the one before, 40 ms later if the server has nothing to answer. So each write ends with a
 * ping.
 */
export class PlainWriter implements Writer {
  readonly #client: NatsConnection;
  readonly #options: PlainWriterOptions;
  #waiting: (Waiting | Step)[] = [];
  /** How many bytes wait. */
  #size = 0;
  /** How many bytes the client got that the server has not confirmed. */
  #open = 0;
  /** For how many of those bytes no ping is pending. */
  #unpinged = 0;
  /** Whether a ping will join what the client writes next. */
  #isPingDue = false;
  #dropped = 0;
  #room: PromiseWithResolvers<void> | undefined;
  acceptedMessages = 0;
  sentMessages = 0;
  acceptedBytes = 0;

  constructor(client: NatsConnection, options: PlainWriterOptions) {
    this.#client = client;
    this.#options = options;
  }

  get sentBytes(): number {
    return this.acceptedBytes - this.#size;
  }

  publish(outgoing: EncodedMessage): void {
    checkAddresses(outgoing);
    const size = sizeOf(outgoing) + outgoing.subject.length + outgoing.replyTo.length + ENTRY;
    this.acceptedBytes += size;
    this.#size += size;
    const isCounted = countsAsUnconfirmed(outgoing);
    if (isCounted) this.acceptedMessages++;
    // copy the body: the client reads it some turns later, and the program may overwrite it before
    const data = new Uint8Array(outgoing.data);
    const isFleeting = outgoing.dropOnDisconnect === true;
    const waiting = { outgoing, data, size, isFleeting, isCounted };
    if (this.#waiting.length === 0 && this.#canTake(size)) return this.#write(waiting);
    this.#waiting.push(waiting);
    this.#moveOn();
  }

  /** Runs a step after all earlier messages and before all later ones. */
  runInOrder(step: Step): void {
    if (this.#waiting.length === 0 && step.isReady()) return this.#run(step);
    this.#waiting.push(step);
    this.#moveOn();
  }

  room(): Promise<void> | undefined {
    if (this.#size <= CROWD) return undefined;
    return (this.#room ??= Promise.withResolvers()).promise;
  }

  has(outgoing: EncodedMessage): boolean {
    return this.#waiting.some((one) => isMessage(one) && one.outgoing === outgoing);
  }

  dropCancelled(): void {
    if (++this.#dropped * 2 > this.#waiting.length) this.#thin();
  }

  takeUnsent(): Unsent[] {
    this.#thin();
    const waiting = this.#waiting;
    this.#waiting = [];
    const unsent = waiting.filter(isMessage).filter(({ isFleeting }) => !isFleeting);
    this.acceptedMessages = this.sentMessages;
    this.#size = 0;
    this.#makeRoom();
    return unsent;
  }

  /** Passes the client as much as the window allows. */
  resume(): void {
    let count = 0;
    // a step may publish more, which goes to the end of the queue
    for (const one of this.#waiting) {
      if (isMessage(one) ? !this.#canTake(one.size) : !one.isReady()) break;
      count++;
      if (isMessage(one)) this.#write(one);
      else this.#run(one);
    }
    this.#waiting.splice(0, count);
    this.#makeRoom();
    this.#moveOn();
  }

  /** Pings for all unconfirmed bytes while anything waits: otherwise the window would not move on. */
  #moveOn(): void {
    if (this.#waiting.length > 0 && this.#unpinged > 0) this.#ping();
  }

  /** Whether the client may get so many bytes more; a message larger than the window goes alone. */
  #canTake(size: number): boolean {
    if (this.#options.isHeld() || this.#client.isClosed()) return false;
    return this.#open === 0 || this.#open + size <= WINDOW;
  }

  /** Notes that a ping is sent behind all that was written; returns what to call once the server has answered. */
  pinged(): () => void {
    const confirmed = this.#unpinged;
    this.#unpinged = 0;
    return () => void (this.#open -= confirmed);
  }

  #run(step: Step): void {
    if (step.isUnanswered) this.#joinPing(ENTRY);
    step.run();
  }

  #write({ outgoing, data, size, isFleeting, isCounted }: Waiting): void {
    this.#size -= size;
    if (outgoing.dropOnDisconnect && !isFleeting) {
      if (isCounted) this.acceptedMessages--;
      return;
    }
    // the answer to a request acknowledges its write
    if (outgoing.timeLeft === undefined) this.#joinPing(size);
    else this.#count(size);
    try {
      this.#client.publish(outgoing.subject, data, optionsOf(outgoing));
    } catch (error) {
      if (isCounted) this.acceptedMessages--;
      return this.#options.dropped(outgoing, this.#reasonOf(outgoing, error as Error));
    }
    if (isCounted) this.sentMessages++;
    if (this.#unpinged >= STRIDE) this.#ping();
  }

  /** Pings in a microtask before the one in which the client writes. */
  #joinPing(size: number): void {
    this.#count(size);
    if (this.#isPingDue) return;
    this.#isPingDue = true;
    queueMicrotask(() => {
      this.#isPingDue = false;
      if (this.#unpinged > 0) this.#ping();
    });
  }

  #count(size: number): void {
    this.#open += size;
    this.#unpinged += size;
  }

  #reasonOf(outgoing: EncodedMessage, error: Error): Error {
    const size = sizeOf(outgoing);
    const largest = this.#client.info?.max_payload ?? Infinity;
    return size > largest ? new PayloadTooLargeError(outgoing.subject, size, largest) : error;
  }

  #ping(): void {
    const confirmed = this.pinged();
    this.#options.confirm().then(() => {
      confirmed();
      this.resume();
    }, () => {
      // the line has ended, and the broker takes back what waits
    });
  }

  #thin(): void {
    this.#dropped = 0;
    this.#waiting = this.#waiting.filter((one) => {
      if (!isMessage(one)) return true;
      const { outgoing, size, isFleeting, isCounted } = one;
      if (!outgoing.dropOnDisconnect || isFleeting) return true;
      this.#size -= size;
      if (isCounted) this.acceptedMessages--;
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

function optionsOf({ replyTo, headerBlock }: EncodedMessage): PublishOptions {
  const options: PublishOptions = {};
  if (replyTo !== "") options.reply = replyTo;
  if (headerBlock) options.headers = headersOf(headerBlock);
  return options;
}

function isMessage(one: Waiting | Step): one is Waiting {
  return "outgoing" in one;
}

/** Parses a header block of our own; a header at a time would cost the client more than all else of a message. */
function headersOf(block: Uint8Array): MsgHdrs {
  const [, ...lines] = decoder.decode(block).split("\r\n");
  const fields: Record<string, string[]> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) (fields[line.slice(0, colon)] ??= []).push(line.slice(colon + 1).trim());
  }
  return MsgHdrsImpl.fromRecord(fields);
}
