import { copyRawMessage, type Invocation, type RawMessage } from "../../door/mod.ts";
import type { AckSubject } from "../api/ack_subject.ts";

/** What a message's delivery tells; handlers of a consumer get it as `message.delivery`. */
export interface StoredDelivery {
  /** Names the message for good, as `ORDERS:17`: the same at each attempt, and when a dead letter is replayed. */
  readonly id: string;
  /** Its number in the stream. */
  readonly seq: number;
  /** How often it was delivered, this time included. */
  readonly attempt: number;
  /** When it was stored. */
  readonly time: Date;
  /** How many messages were left for the consumer behind it. */
  readonly pending: number;
  /** The name of its stream. */
  readonly stream: string;
  /** The name of the consumer. */
  readonly consumer: string;
}

/** The message that a delivery is about, by its first storing. */
export interface Origin {
  readonly subject: string;
  readonly stream: string;
  readonly consumer: string;
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** What was delivered, and what is told about it. Properties of it are read by few handlers, so they are made then. */
class Told implements StoredDelivery {
  readonly #held: Held;

  constructor(held: Held) {
    this.#held = held;
  }

  get #origin(): Origin {
    return this.#held.origin;
  }

  get attempt(): number {
    return this.#held.attempt;
  }

  get pending(): number {
    return this.#held.pending;
  }

  get id(): string {
    return this.#held.receipt.name;
  }

  get seq(): number {
    return this.#origin.seq;
  }

  get time(): Date {
    return new Date(this.#origin.time);
  }

  get stream(): string {
    return this.#origin.stream;
  }

  get consumer(): string {
    return this.#origin.consumer;
  }

  /** The text for logs: it shows the getters, which a log would otherwise omit. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { id, attempt, time, pending, consumer } = this;
    return `Delivery ${inspect({ id, attempt, time, pending, consumer }, how)}`;
  }
}

/** What is kept of a message once its handler has ended: which one it was. */
export class Receipt {
  /** The subscription to the consumer that it is from. */
  readonly supply: object;
  readonly ack: AckSubject;
  /** The message that it was, if it is a dead letter that was given back. */
  readonly replayed: Origin | undefined;

  constructor(supply: object, ack: AckSubject, replayed: Origin | undefined) {
    this.supply = supply;
    this.ack = ack;
    this.replayed = replayed;
  }

  /** Whether it is a replayed dead letter. */
  get isReplay(): boolean {
    return this.replayed !== undefined && "reason" in this.replayed;
  }

  /** The message by its first storing, as `ORDERS:17`. */
  get name(): string {
    const { stream, seq } = this.replayed ?? this.ack;
    return `${stream}:${seq}`;
  }
}

/** One message from its delivery until what became of it is told. */
export class Held {
  raw: RawMessage;
  readonly told: StoredDelivery;
  readonly receipt: Receipt;
  #origin: Origin | undefined;
  /** Its number in the stream that it was delivered from. */
  readonly seq: number;
  /** How often it was delivered, under its own subject and as an own message of its consumer. */
  attempt: number;
  /** When it was stored there: another stream of the same name has the same numbers. */
  readonly storedAt: number;
  /** Where its outcome is told; a later delivery of the same message has another address. */
  ackTo: string;
  /** When the server was told last that it is worked on, by the clock. */
  toldAt: number;
  key: string | undefined;
  /** What it is to become, whatever becomes of the others of its batch. */
  verdict: Error | undefined;
  invocation: Invocation | undefined;
  /** Until when the server certainly gives it to no other process, by the clock; set only with partitions. */
  sureUntil: number | undefined;
  isSettled = false;
  /** Whether its dead letter or its next attempt is being stored. */
  isGivenUp = false;
  /** The rank among the own messages that its consumer has stored in its place; 0 for the original. */
  rank = 0;
  /** The address at which to acknowledge the message that this one replaces, if there is one. */
  replaces: string | undefined;
  /** Which of its lives it is, if it was a dead letter and was given back. */
  life: number | undefined;

  constructor(
    supply: object,
    raw: RawMessage,
    ack: AckSubject,
    origin: Origin | undefined,
    now: number,
  ) {
    this.receipt = new Receipt(supply, ack, origin);
    this.raw = raw;
    this.ackTo = raw.replyTo;
    this.#origin = origin;
    this.told = new Told(this);
    this.seq = ack.seq;
    this.attempt = ack.attempt;
    this.storedAt = ack.time;
    this.toldAt = now;
  }

  /** Copies it out of what was read from the socket, as it has to wait. */
  kept(): this {
    this.raw = copyRawMessage(this.raw);
    return this;
  }

  /** The message by its first storing: this one, unless it is a dead letter that was given back. */
  get origin(): Origin {
    const { stream, consumer, seq, time } = this.receipt.ack;
    const { subject } = this.raw;
    return this.#origin ??= { subject, stream, consumer, seq, time };
  }

  /** How many messages were left for the consumer behind it. */
  get pending(): number {
    return this.receipt.ack.pending;
  }

  /** Its position among the messages of its key. */
  get order(): number {
    return this.rank === 0 ? this.seq : this.origin.seq;
  }

  /** The size of body and headers, in bytes. */
  get size(): number {
    const { data, headerBlock } = this.raw;
    return data.length + (headerBlock?.length ?? 0);
  }
}
