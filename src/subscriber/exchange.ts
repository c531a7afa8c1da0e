import type { Clock, Timer } from "../clock.ts";
import { TimeoutError } from "../errors.ts";
import { newToken } from "../inbox/token.ts";
import type { Endpoint } from "../link/endpoint.ts";
import type { Failure } from "./failure.ts";
import type { LinkWays } from "../link/link_ways.ts";
import { type Message, ReceivedMessage, type Reception, receptionOf } from "../message/message.ts";
import { heldSize, type Packet } from "../message/packet.ts";
import { TIME_LEFT } from "../message/signalbox_headers.ts";
import type { Work } from "../message/work.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";
import type { SelfAsking } from "./self_asking.ts";

/** What keeps one more from being at work. */
export interface Seat {
  /** It is a stream or a session by now. */
  lead(endpoint: Endpoint): void;
  /** Nothing of it is at work any more. */
  leave(): void;
}

/** One message from its arrival to its answer, which is given once. */
export class Exchange implements Work, Reception {
  readonly message: ReceivedMessage;
  /** What it can become a stream or a session over. */
  readonly ways: LinkWays;
  readonly replyTo: string;
  readonly params: Readonly<Record<string, string>>;
  /** When it came, by the clock. */
  readonly arrived: number;
  /** When its handler began, by the clock, where that is counted. */
  began = 0;
  /** What went wrong, if anything did. */
  failure: Failure | undefined;
  /** Whether there is no room for it, so that no handler has it. */
  isRefused = false;
  /** How many messages its caller may still be sent, where it is sent part after part without a link. */
  plainLeft: number | undefined;
  /** Whether its handler serves streams or sessions, and whatever it says now is its answer to an opening. */
  servesLinks = false;
  /** The place that it has, where it may become a stream or a session. */
  seat: Seat | undefined;
  /** What it takes up while it is at work, in bytes. */
  readonly size: number;
  /** Finds out whether its handler waits for itself. */
  selfAsking: SelfAsking | undefined;
  /** What its answer became, where that is a stream or a session. */
  endpoint: Endpoint | undefined;
  readonly #stopping: AbortSignal;
  #correlationId: string | undefined;
  #deadline: number | undefined;
  #controller: AbortController | undefined;
  #timer: Timer | undefined;
  #answered = false;
  #departure: Error | undefined;
  #ended = false;

  constructor(
    packet: Packet,
    params: Readonly<Record<string, string>>,
    arrived: number,
    stopping: AbortSignal,
    ways: LinkWays,
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

  /** What the sender gave, or else one for what becomes of its message. */
  get correlationId(): string {
    return this.#correlationId ??= this.message.correlationId ?? newToken();
  }

  get subject(): string {
    return this.message.subject;
  }

  get deadline(): number {
    return this.#deadline ??= this.arrived + timeLeft(this.message);
  }

  /** Whether its deadline has passed; few have one, and the time costs as much as to look at a header. */
  get isLate(): boolean {
    return this.deadline < Infinity && this.deadline <= this.clock.now();
  }

  get isOver(): boolean {
    return this.#ended;
  }

  asks(subject: string, asked: Promise<unknown>): void {
    if (!this.#ended) this.selfAsking?.asks(this, subject, asked);
  }

  /** Whether its answer is a stream or a session, which has begun. */
  get isLed(): boolean {
    return this.endpoint !== undefined || this.plainLeft !== undefined;
  }

  /** Whether somebody waits for an answer that has not been given. */
  get isOpen(): boolean {
    return this.replyTo !== "" && !this.#answered;
  }

  /** Whether the answer is this caller's to give; it is for the first who asks. */
  claim(): boolean {
    const { isOpen } = this;
    this.#answered = true;
    return isOpen;
  }

  /** The answer that was claimed could not be given. */
  reopen(): void {
    this.#answered = false;
  }

  /** Its answer is a stream or a session, whose end aborts the signal. */
  lead(endpoint: Endpoint): void {
    this.#answered = true;
    this.endpoint = endpoint;
    this.message.outlast();
    this.seat?.lead(endpoint);
    // a handler that ends with its signal must not be done before the link has ended by the deadline
    this.#timer?.clear();
    if (this.deadline < Infinity) endpoint.endAfter(this.#left());
    void endpoint.closed.then(() => this.#controller?.abort(endpoint.error("go on with")));
  }

  /** Its caller has gone: nothing more is sent, and the signal aborts with the reason. */
  leave(reason: Error): void {
    this.#answered = true;
    this.#departure = reason;
    this.#controller?.abort(reason);
  }

  /** Nothing of it is at work any more. */
  end(): void {
    this.#ended = true;
    this.seat?.leave();
    if (!this.#controller) return;
    this.#timer?.clear();
    this.#stopping.removeEventListener("abort", this.#abort);
  }

  /** Made when somebody asks for it, as few handlers do. */
  signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal;
    this.#controller = new AbortController();
    if (this.#departure) this.#controller.abort(this.#departure);
    if (this.endpoint?.ending) this.#controller.abort(this.endpoint.error("go on with"));
    // whoever asks so late would have a timer and a listener that nobody clears
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

/** The exchange that a message is of; middleware hands messages on as they are. */
export function exchangeOf(message: Message): Exchange | undefined {
  const reception = message instanceof ReceivedMessage ? receptionOf(message) : undefined;
  return reception instanceof Exchange ? reception : undefined;
}

/** A header that is no number is the same as none: the caller's mistake must not make its request fail. */
function timeLeft(message: ReceivedMessage): number {
  const given = message.headers.get(TIME_LEFT) ?? "";
  return /^\d+$/.test(given) ? Number(given) : Infinity;
}
