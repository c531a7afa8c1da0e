import {
  headers as makeHeaders,
  type MsgHdrs,
  type NatsConnection,
  type PublishOptions,
} from "@nats-io/transport-deno";
import { isUnwatched, type Outgoing } from "../message/outgoing.ts";
import { sizeOf } from "../message/packet.ts";
import { checkAddresses, type Unsent } from "../wire/segment.ts";
import type { Writer } from "../wire/writer.ts";

/** In bytes: so much at most is handed to the client beyond what the server has answered for. */
const WINDOW = 65_536;
/** In bytes: after so much the server is asked, so that the window moves on before it is full. */
const STRIDE = 16_384;
/** In bytes; whoever waits for room waits until no more than this is left. */
const CROWD = 1_048_576;
/** What a message costs beyond its body and headers. */
const ENTRY = 64;
const decoder = new TextDecoder();

interface Waiting extends Unsent {
  readonly size: number;
  /** Whether it is to be sent now or never, and so is not taken back. */
  readonly isFleeting: boolean;
  /** Whether nobody would notice if it was lost. */
  readonly isCounted: boolean;
}

/**
 * Leaves the writing to the client. That writes when it likes, and what it was given cannot be taken back: so it is given
 * little at a time, and all else waits here.
 */
export class PlainWriter implements Writer {
  readonly #client: NatsConnection;
  readonly #ask: () => Promise<void>;
  #waiting: Waiting[] = [];
  /** How many bytes wait. */
  #size = 0;
  /** How many bytes the client was given that the server has not answered for. */
  #open = 0;
  /** How many of them have not been asked for. */
  #unasked = 0;
  #forgotten = 0;
  #room: PromiseWithResolvers<void> | undefined;
  taken = 0;
  sent = 0;
  given = 0;

  /** `ask` asks the server whether it has all that the client was given. */
  constructor(client: NatsConnection, ask: () => Promise<void>) {
    this.#client = client;
    this.#ask = ask;
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
    // the client reads the body some turns later, and the program may write into it before
    const data = new Uint8Array(outgoing.data);
    const isFleeting = outgoing.isForgotten === true;
    const waiting = { outgoing, data, size, isFleeting, isCounted };
    if (this.#waiting.length === 0 && this.#canTake(size)) this.#write(waiting);
    else this.#waiting.push(waiting);
  }

  room(): Promise<void> | undefined {
    if (this.#size <= CROWD) return undefined;
    return (this.#room ??= Promise.withResolvers()).promise;
  }

  has(outgoing: Outgoing): boolean {
    return this.#waiting.some((waiting) => waiting.outgoing === outgoing);
  }

  withdraw(): void {
    if (++this.#forgotten * 2 > this.#waiting.length) this.#thin();
  }

  takeBack(): Unsent[] {
    this.#thin();
    const unsent = this.#waiting.filter(({ isFleeting }) => !isFleeting);
    this.taken = this.sent;
    this.#waiting = [];
    this.#size = 0;
    this.#makeRoom();
    return unsent;
  }

  #hand(): void {
    let count = 0;
    for (const waiting of this.#waiting) {
      if (!this.#canTake(waiting.size)) break;
      count++;
      this.#write(waiting);
    }
    if (count === 0) return;
    this.#waiting.splice(0, count);
    this.#makeRoom();
  }

  /** One that is larger than the window goes alone. */
  #canTake(size: number): boolean {
    return !this.#client.isClosed() && (this.#open === 0 || this.#open + size <= WINDOW);
  }

  #write({ outgoing, data, size, isFleeting, isCounted }: Waiting): void {
    this.#size -= size;
    if (outgoing.isForgotten && !isFleeting) {
      if (isCounted) this.taken--;
      return;
    }
    const { subject, replyTo, headerBlock } = outgoing;
    const options: PublishOptions = {};
    if (replyTo !== "") options.reply = replyTo;
    if (headerBlock) options.headers = headersOf(headerBlock);
    this.#client.publish(subject, data, options);
    if (isCounted) this.sent++;
    this.#open += size;
    this.#unasked += size;
    if (this.#unasked >= STRIDE) this.#question();
  }

  #question(): void {
    const asked = this.#unasked;
    this.#unasked = 0;
    this.#ask().then(() => {
      this.#open -= asked;
      this.#hand();
    }, () => {
      // the line has ended, and what waits is taken back
    });
  }

  #thin(): void {
    this.#forgotten = 0;
    this.#waiting = this.#waiting.filter(({ outgoing, size, isFleeting, isCounted }) => {
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

/** Reads a block that was written here: the client takes headers one by one. */
function headersOf(block: Uint8Array): MsgHdrs {
  const [, ...lines] = decoder.decode(block).split("\r\n");
  const headers = makeHeaders();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
}
