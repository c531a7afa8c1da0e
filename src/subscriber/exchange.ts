import type { Clock, Timer } from "../clock.ts";
import { TimeoutError } from "../errors.ts";
import { newToken } from "../subject/subject.ts";
import type { Channel } from "../link/ends/channel.ts";
import type { Failure } from "./failure.ts";
import type { LinkContext } from "../link/ends/link_context.ts";
import type { Codecs } from "../message/codec.ts";
import { type Message, ReceivedMessage, type Reception, receptionOf } from "../message/message.ts";
import { heldSize, type RawMessage } from "../message/raw_message.ts";
import { TIME_LEFT } from "../message/signalbox_headers.ts";
import type { Work } from "../message/work.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";
import type { SelfAsking } from "./self_asking.ts";

/** A place among the limited number of streams and sessions. */
export interface Seat {
  /** Notes that the exchange has become a stream or a session. */
  lead(endpoint: Channel): void;
  /** Frees the place. */
  leave(): void;
}

/** One message from its arrival to its single answer. */
export class Exchange implements Work, Reception {
  readonly message: ReceivedMessage;
  /** What a stream or a session of it needs of the broker. */
  readonly ways: LinkContext;
  readonly replyTo: string;
  readonly params: Readonly<Record<string, string>>;
  /** When the message arrived, by the clock. */
  readonly arrived: number;
  /** When its handler began, by the clock, if a service counts the time. */
  began = 0;
  /** The failure, if any. */
  failure: Failure | undefined;
  /** Whether there is no room for it, so that no handler gets it. */
  isRefused = false;
  /** How many more messages we may send to its caller, if it gets parts without a link. */
  plainLeft: number | undefined;
  /** Whether its handler serves streams or sessions, so that its answer is one to an opening. */
  servesLinks = false;
  /** Its place, if it may become a stream or a session. */
  seat: Seat | undefined;
  /** Its memory while its handler runs, in bytes. */
  readonly size: number;
  /** Detects that its handler waits for its own subscriber. */
  selfAsking: SelfAsking | undefined;
  /** The endpoint of its stream or session, if its answer is one. */
  endpoint: Channel | undefined;
  readonly #stopping: AbortSignal;
  #correlationId: string | undefined;
  #deadline: number | undefined;
  #controller: AbortController | undefined;
  #timer: Timer | undefined;
  #answered = false;
  #departure: Error | undefined;
  #ended = false;

  constructor(
    packet: RawMessage,
    params: Readonly<Record<string, string>>,
    arrived: number,
    stopping: AbortSignal,
    ways: LinkContext,
  ) {
    this.ways = ways;
    this.replyTo = packet.replyTo;
    this.size = heldSize(packet);
    this.params = params;
    this.arrived = arrived;
    this.#stopping = stopping;
    this.message = new ReceivedMessage(packet, this);
  }

  get clock(): Clock {
    return this.ways.clock;
  }

  get addresses(): ReplyAddresses {
    return this.ways.addresses;
  }

  get codecs(): Codecs | undefined {
    return this.ways.addresses.reception.codecs;
  }

  /** The sender's correlation id, or a new one. */
  get correlationId(): string {
    return this.#correlationId ??= this.message.correlationId ?? newToken();
  }

  get subject(): string {
    return this.message.subject;
  }

  get deadline(): number {
    return this.#deadline ??= this.arrived + timeLeft(this.message);
  }

  /** Whether its deadline has passed; reads the clock only if there is a deadline, as few messages have one. */
  get isLate(): boolean {
    return this.deadline < Infinity && this.deadline <= this.clock.now();
  }

  get isOver(): boolean {
    return this.#ended;
  }

  asks(subject: string, asked: Promise<unknown>): void {
    if (!this.#ended) this.selfAsking?.asks(this, subject, asked);
  }

  /** Whether its answer is a stream or a session that has begun. */
  get isLed(): boolean {
    return this.endpoint !== undefined || this.plainLeft !== undefined;
  }

  /** Whether its caller still waits for an answer. */
  get isOpen(): boolean {
    return this.replyTo !== "" && !this.#answered;
  }

  /** Claims the right to answer; only the first claim returns `true`. */
  claim(): boolean {
    const { isOpen } = this;
    this.#answered = true;
    return isOpen;
  }

  /** Gives the claim back, as the answer could not be sent. */
  reopen(): void {
    this.#answered = false;
  }

  /** Notes that its answer is a stream or a session, whose end aborts the signal. */
  lead(endpoint: Channel): void {
    this.#answered = true;
    this.endpoint = endpoint;
    this.message.detach();
    this.seat?.lead(endpoint);
    // a handler that ends with its signal must not be done before the link has ended by the deadline
    this.#timer?.clear();
    if (this.deadline < Infinity) endpoint.endAfter(this.#left());
    void endpoint.closed.then(() => this.#controller?.abort(endpoint.error("go on with")));
  }

  /** Notes that its caller has gone: sends nothing more, and aborts the signal with the reason. */
  leave(reason: Error): void {
    this.#answered = true;
    this.#departure = reason;
    this.#controller?.abort(reason);
  }

  /** Ends the exchange and its timers. */
  end(): void {
    this.#ended = true;
    this.seat?.leave();
    if (!this.#controller) return;
    this.#timer?.clear();
    this.#stopping.removeEventListener("abort", this.#abort);
  }

  /** The signal of the handler; made on first use, as few handlers use it. */
  signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal;
    this.#controller = new AbortController();
    if (this.#departure) this.#controller.abort(this.#departure);
    if (this.endpoint?.ending) this.#controller.abort(this.endpoint.error("go on with"));
    // after the end nobody would clear a timer or a listener
    if (this.#ended) return this.#controller.signal;
    if (this.#stopping.aborted) this.#abort();
    else this.#stopping.addEventListener("abort", this.#abort);
    if (this.deadline < Infinity && !this.endpoint) {
      this.#timer = this.clock.setTimeout(() => this.#expire(), this.#left());
    }
    return this.#controller.signal;
  }

  #left(): number {
    return Math.max(0, this.deadline - this.clock.now());
  }

  #expire(): void {
    const { subject } = this.message;
    const given = Math.round(this.deadline - this.arrived);
    this.#controller?.abort(new TimeoutError(`answer "${subject}"`, given, subject));
  }

  readonly #abort = () => this.#controller?.abort(this.#stopping.reason);
}

/** The exchange of a message, as middleware passes messages on unchanged. */
export function exchangeOf(message: Message): Exchange | undefined {
  const reception = message instanceof ReceivedMessage ? receptionOf(message) : undefined;
  return reception instanceof Exchange ? reception : undefined;
}

/** Ignores a header that is not a number, as this mistake of a caller should not make its request fail. */
function timeLeft(message: ReceivedMessage): number {
  const given = message.headers.get(TIME_LEFT) ?? "";
  return /^\d+$/.test(given) ? Number(given) : Infinity;
}
