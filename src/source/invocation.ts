import type { Clock, Timer } from "../clock.ts";
import { onAbort } from "../deadline.ts";
import { PayloadTooLargeError, ReplyError, TimeoutError } from "../errors.ts";
import { asError } from "../legible.ts";
import type { Codecs } from "../message/codecs.ts";
import { ReceivedMessage, type Reception } from "../message/message.ts";
import type { Arrival } from "../message/raw_message.ts";
import { ERROR_CODES } from "../message/reply.ts";
import { TIME_LEFT } from "../message/signalbox_headers.ts";
import { InvocationTrace, type PastContext, type Work } from "../message/work.ts";
import type { Pattern } from "../subject/subject.ts";

/** What an invocation needs of its broker. */
export interface InvocationContext extends PastContext {
  /** The codecs of the broker, if it has its own. */
  readonly codecs?: Codecs | undefined;
}

/** Gets the requests that handlers send. */
export interface RequestWatch {
  /** A handler sends a request, and may wait until `asked` settles. */
  asks(work: Work, subject: string, asked: Promise<unknown>): void;
}

/** An error as the caller gets it. */
export interface Failure {
  readonly code: number;
  readonly description: string;
  readonly data?: unknown;
}

/** A handler's value could not be sent. The message includes the cause, as log lines show no more than the message. */
export class Unanswerable extends Error {
  constructor(thrown: unknown) {
    const cause = asError(thrown, "A publish middleware threw");
    super(`Cannot send the reply: ${cause.message}`, { cause });
  }
}

/** The code and text that the caller gets for an error; only a `ReplyError` shows its own text. */
export function failureOf(error: Error): Failure {
  const { internal: code, tooLarge } = ERROR_CODES;
  if (error instanceof ReplyError) {
    return { code: error.code, description: error.message, data: error.data };
  }
  if (!(error instanceof Unanswerable)) return { code, description: "Internal error" };
  return error.cause instanceof PayloadTooLargeError
    ? { code: tooLarge, description: "The reply is too large" }
    : { code, description: "The reply cannot be sent" };
}

/** One message, or one batch, from the moment a handler may take it until its outcome is settled. */
export class Invocation<Context extends InvocationContext = InvocationContext>
  implements Work, Reception {
  /** What middleware gets; a schema replaces it by the message with its value. */
  message: ReceivedMessage;
  readonly context: Context;
  readonly params: Readonly<Record<string, string>>;
  readonly pattern: string | undefined;
  /** What its source needs to settle it: the `origin` of its message, or a list of them. */
  readonly origin: unknown;
  /** For the code of its handler, which may outlast it. */
  readonly trace: InvocationTrace;
  /** When the message arrived, by the clock. */
  readonly arrived: number;
  /** When its handler began, by the clock, if a service counts the time. */
  began = 0;
  /** The failure, if any. */
  failure: Failure | undefined;
  /** Whether there is no room for it, so that no handler gets it. */
  isRefused = false;
  /** Gets the requests that its handler sends. */
  requests: RequestWatch | undefined;
  readonly #stopping: AbortSignal;
  #deadline: number | undefined;
  #controller: AbortController | undefined;
  #timer: Timer | undefined;
  #stopListening: (() => void) | undefined;
  #reason: unknown;
  #hasTimer = true;
  #isOver = false;
  #giveUp: ((error: Error) => void) | undefined;

  constructor(
    raw: Arrival,
    params: Readonly<Record<string, string>>,
    arrived: number,
    stopping: AbortSignal,
    context: Context,
    pattern?: string,
  ) {
    this.context = context;
    this.pattern = pattern;
    this.params = params;
    this.arrived = arrived;
    this.origin = raw.origin;
    this.#stopping = stopping;
    this.message = new ReceivedMessage(raw, this);
    this.trace = new InvocationTrace(this, context);
  }

  /** What the handler gets. */
  get given(): unknown {
    return this.message;
  }

  get clock(): Clock {
    return this.context.clock;
  }

  get codecs(): Codecs | undefined {
    return this.context.codecs;
  }

  /** Whether it has become a stream or a session. */
  get isUpgraded(): boolean {
    return false;
  }

  /** The sender's correlation id, or a new one. */
  get correlationId(): string {
    return this.trace.idOr(this.message);
  }

  get subject(): string {
    return this.message.subject;
  }

  /** Its memory while its handler runs, in bytes. */
  get size(): number {
    return this.message.heldSize;
  }

  get deadline(): number {
    return this.#deadline ??= this.arrived + timeLeft(this.message);
  }

  /** Milliseconds until the deadline. */
  get remaining(): number {
    return Math.max(0, this.deadline - this.clock.now());
  }

  /** Whether its deadline has passed; reads the clock only if there is a deadline, as few messages have one. */
  get isLate(): boolean {
    return this.deadline < Infinity && this.deadline <= this.clock.now();
  }

  /** Whether the handler need not run, as its caller no longer waits. */
  get isExpired(): boolean {
    return this.isLate;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  asks(subject: string, asked: Promise<unknown>): void {
    if (!this.#isOver) this.requests?.asks(this, subject, asked);
  }

  /** Ends the invocation and its timers. */
  end(): void {
    this.#isOver = true;
    this.trace.end(this.message);
    this.#timer?.clear();
    this.#stopListening?.();
  }

  /** Aborts the handler's signal; the first reason stays. */
  abort(reason: unknown): void {
    this.#reason ??= reason;
    this.#controller?.abort(reason);
  }

  /** Leaves it to others to abort the signal at the deadline. */
  ignoreDeadline(): void {
    this.#hasTimer = false;
    this.#timer?.clear();
  }

  /** Its source decides how long it may take, in milliseconds; what the sender has written does not count. */
  limit(timeout: number): void {
    this.#deadline = this.arrived + timeout;
    this.#hasTimer = false;
  }

  /** Settles as the handler does, unless its source gives it up before. */
  untilGivenUp(value: PromiseLike<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      value.then(resolve, reject);
    });
  }

  /** The handler takes too long: it has failed with this error, its signal aborts, and what it still does is ignored. */
  giveUp(error: Error): void {
    this.#giveUp?.(error);
    this.abort(error);
  }

  /** The signal of the handler; made on first use, as few handlers use it. */
  signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal;
    this.#controller = new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    // after the end nobody would clear a timer or a listener
    if (this.#isOver) return this.#controller.signal;
    const stop = () => this.#controller?.abort(this.#stopping.reason);
    if (this.#stopping.aborted) stop();
    else this.#stopListening = onAbort(this.#stopping, stop);
    if (this.#hasTimer && this.deadline < Infinity) {
      this.#timer = this.clock.setTimeout(() => this.#expire(), this.remaining);
    }
    return this.#controller.signal;
  }

  #expire(): void {
    const { subject } = this.message;
    const timeout = Math.round(this.deadline - this.arrived);
    this.abort(new TimeoutError(`answer "${subject}"`, timeout, subject));
  }
}

/** Several messages that a handler gets as one list; middleware gets the first, with the list of bodies. */
export class BatchInvocation<Context extends InvocationContext = InvocationContext>
  extends Invocation<Context> {
  /** The messages of the batch, in order; a schema replaces them. */
  messages: readonly ReceivedMessage[];
  override readonly origin: readonly unknown[];
  /** Gets a message that does not decode or fit, if the handler gets the others all the same. */
  unfit: ((origin: unknown, error: unknown) => void) | undefined;
  /** The origins of those that the handler gets. */
  #kept: readonly unknown[];

  constructor(
    batch: readonly Arrival[],
    pattern: Pattern,
    arrived: number,
    stopping: AbortSignal,
    context: Context,
  ) {
    const [first] = batch;
    const params = first!.params ?? pattern.read(first!.subject);
    super(first!, params, arrived, stopping, context, pattern.text);
    this.origin = this.#kept = batch.map(({ origin }) => origin);
    const signal = () => this.signal();
    const { state } = this.message;
    const { codecs } = context;
    this.messages = batch.map((each) => {
      const params = each.params ?? pattern.read(each.subject);
      const reception = { params, pattern: pattern.text, signal, state, codecs };
      return withBesides(new ReceivedMessage(each, reception), each);
    });
  }

  override get given(): unknown {
    return this.messages;
  }

  /** Replaces the messages; what middleware gets has all their bodies. */
  replace(messages: readonly ReceivedMessage[]): void {
    this.messages = messages;
    this.message = this.message.withBody(messages.map(({ body }) => body));
  }

  /** Replaces each message by what became of it; one that is not fit is left out, or fails the whole batch. */
  replaceFit(all: readonly PromiseSettledResult<ReceivedMessage>[]): void {
    const kept: unknown[] = [];
    const messages: ReceivedMessage[] = [];
    all.forEach((each, at) => {
      const origin = this.#kept[at];
      if (each.status === "fulfilled") {
        kept.push(origin);
        messages.push(each.value);
      } else if (this.unfit) this.unfit(origin, each.reason);
      else throw each.reason;
    });
    this.#kept = kept;
    this.replace(messages);
  }
}

/** The message with the body that its source has decoded, and with what it gives the handler besides. */
export function withBesides(
  message: ReceivedMessage,
  { besides, decoded }: Arrival,
): ReceivedMessage {
  const whole = decoded ? message.withBody(decoded.body) : message;
  return besides ? Object.assign(whole, besides) : whole;
}

/** Ignores a header that is not a number, as this mistake of a caller should not make its request fail. */
function timeLeft(message: ReceivedMessage): number {
  const given = message.headers.get(TIME_LEFT) ?? "";
  return /^\d+$/.test(given) ? Number(given) : Infinity;
}
