import { asMilliseconds } from "../duration.ts";
import type { Clock, Timer } from "../clock.ts";
import { setDeadline } from "../deadline.ts";
import { DEFAULT_BOUNDS, iteratorOf, Queue, readableOf } from "../queue.ts";
import type { Connection, MessageSink, ServerSubscription } from "../connection/connection.ts";
import { ForeignAnswers, isForeignAnswer, isOwnQuestion } from "../replies/refusals.ts";
import type { OwnInbox, ReplyAddresses } from "../replies/reply_addresses.ts";
import type { BrokerEvent, EventFeed } from "../events.ts";
import { NoRespondersError, PermissionError, TimeoutError } from "../errors.ts";
import { ReceivedMessage } from "../message/message.ts";
import type { EncodedMessage } from "../message/encoded_message.ts";
import { copyRawMessage, heldSize, type RawMessage } from "../message/raw_message.ts";
import { checkOptions, NEXT_RULES } from "../options.ts";
import { handled, retraced } from "../promises.ts";
import type { NextOptions } from "../reader.ts";
import type { InboxContext } from "../inbox/subscribed_inbox.ts";
import { isNoResponders, requestClosed } from "./requests.ts";
import {
  type Answer,
  AnswerReader,
  type Answers,
  type AnswersEnd,
  isLast,
  type RequestManySettings,
} from "./answers.ts";

type ConnectionUse = Pick<Connection, "subscribe" | "publish" | "cancel">;

/** The question, and the inbox for its answers. */
export interface QuestionToMany {
  readonly subject: string;
  readonly replyTo: string;
  /** Called once, and only to send the question; returns a promise if a middleware handles the question first. */
  readonly encode: () => EncodedMessage | Promise<EncodedMessage>;
}

const READ = "read an answer";

/**
 * Collects answers on its own inbox, and ends the inbox as soon as it has enough. It sends the subscription before the
 * question on the same connection, so that it needs no flush and misses no answer.
 */
export class CollectedAnswers implements Answers, MessageSink, OwnInbox {
  readonly closed: Promise<AnswersEnd>;
  readonly #clock: Clock;
  readonly #connection: ConnectionUse;
  readonly #subject: string;
  readonly #settings: RequestManySettings;
  readonly #feed: EventFeed;
  readonly #addresses: ReplyAddresses;
  readonly #foreign: ForeignAnswers;
  readonly #replyTo: string;
  readonly #reader: AnswerReader;
  readonly #unread = new Queue<RawMessage>();
  #resolveClosed!: (reason: AnswersEnd) => void;
  /** Makes the error; the stack of our own errors leads to the reader. */
  #failure: (() => unknown) | undefined;
  #isEnded = false;
  #isSent = true;
  #count = 0;
  #dropped = 0;
  #subscription: ServerSubscription | undefined;
  #question: EncodedMessage | undefined;
  #stopListening: (() => void) | undefined;
  #deadlineTimer: Pick<Timer, "clear"> | undefined;
  #stallTimer: Timer | undefined;

  /**
   * Sends the question, now or after the reconnect; sends nothing if the signal has aborted.
   *
   * @throws {PayloadTooLargeError} without sending anything
   * @throws {OutboxFullError} without sending anything
   * @throws {ConnectionError} without sending anything
   * @throws the error that `encode` throws
   */
  constructor(
    { clock, connection, feed, addresses }: InboxContext<ConnectionUse>,
    { subject, replyTo, encode }: QuestionToMany,
    settings: RequestManySettings,
  ) {
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
    this.#clock = clock;
    this.#connection = connection;
    this.#subject = subject;
    this.#settings = settings;
    this.#feed = feed;
    this.#addresses = addresses;
    this.#foreign = new ForeignAnswers(feed);
    this.#replyTo = replyTo;
    const broken = () => this.close();
    this.#reader = new AnswerReader(subject, settings, { clock, addresses, broken });
    const { signal, timeout } = settings;
    if (signal?.aborted) {
      this.#abort();
      return;
    }
    this.#subscription = connection.subscribe(replyTo, this);
    addresses.open(replyTo, this);
    // listen before encoding the question, as code that runs in the encoding may abort, or stop the broker
    this.#stopListening = feed.listen((event) => this.#onEvent(event));
    this.#deadlineTimer = setDeadline(clock, () => this.#expire(), timeout);
    signal?.addEventListener("abort", this.#abort, { once: true });
    this.#ask(encode);
  }

  #ask(encode: QuestionToMany["encode"]): void {
    const send = (question: EncodedMessage) => {
      if (this.#isEnded) return;
      this.#question = { ...question, replyTo: this.#replyTo };
      this.#isSent = this.#connection.publish(this.#question);
    };
    try {
      const outgoing = encode();
      if (outgoing instanceof Promise) {
        outgoing.then(send).catch((error) => this.#failWith("connection", () => error));
      } else send(outgoing);
    } catch (error) {
      this.#end("cancelled");
      throw error;
    }
  }

  get dropped(): number {
    return this.#dropped;
  }

  get readable(): ReadableStream {
    return readableOf(this, () => ({ next: () => this.#nextBody(), cancel: () => this.close() }));
  }

  /** A Web Stream has no place for an error beside what follows it. */
  async #nextBody(): Promise<Answer | undefined> {
    const answer = await this.#next();
    if (!answer?.error) return answer;
    await this.close();
    throw answer.error;
  }

  close(): Promise<void> {
    this.#unread.clear();
    this.#reader.cancel();
    this.#end("cancelled");
    return Promise.resolve();
  }

  [Symbol.asyncIterator](): AsyncIterator<Answer> {
    return iteratorOf(() => this.#next(), () => this.close());
  }

  next(options?: NextOptions): Promise<Answer | undefined> {
    return handled(options ? this.#nextWithin(options) : this.#next());
  }

  async #next(): Promise<Answer | undefined> {
    const late = this.#reader.late();
    if (late) return await late;
    const packet = this.#unread.shift() ?? await this.#unread.wait({}, READ);
    if (packet) return await this.#reader.read(packet);
    if (this.#failure) throw this.#failure();
    return undefined;
  }

  async #nextWithin(options: NextOptions): Promise<Answer | undefined> {
    checkOptions("wait for a message", options, NEXT_RULES);
    const { signal } = options;
    const timeout = asMilliseconds(options.timeout ?? Infinity);
    signal?.throwIfAborted();
    const clock = this.#clock;
    const until = clock.now() + timeout;
    const late = this.#reader.late(until, options);
    if (late) return await late;
    const patience = { clock, timeout: timeout === Infinity ? undefined : timeout, signal };
    const packet = this.#unread.shift() ?? await this.#unread.wait(patience, READ, this.#subject);
    return packet ? await this.#reader.readWithin(packet, until, options) : await this.#next();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  take(packet: RawMessage): void {
    if (this.#isEnded) return;
    if (isNoResponders(packet)) {
      return this.#fail("no-responders", new NoRespondersError(this.#subject));
    }
    const question = this.#question;
    if (question && isForeignAnswer(question, new ReceivedMessage(packet))) {
      return this.#foreign.report(question);
    }
    if (this.#isLast(packet)) return this.#end("sentinel");
    if (this.#isEnded) return;
    if (!this.#unread.hand(packet) && !this.#store(packet)) return;
    if (++this.#count >= this.#settings.max) this.#end("max");
    else this.#watchStall();
  }

  /**
   * An error of the program's `sentinel` function ends the request, as nothing else can tell which answer is the last.
   */
  #isLast(packet: RawMessage): boolean {
    const { sentinel } = this.#settings;
    if (!sentinel) return false;
    try {
      return isLast(packet, sentinel, this.#addresses.reception);
    } catch (error) {
      this.#failWith("cancelled", () => error);
      return false;
    }
  }

  hasAsked(question: RawMessage): boolean {
    return this.#question !== undefined && isOwnQuestion(this.#question, question);
  }

  refused(error: Error): void {
    this.#fail(error instanceof PermissionError ? "permission" : "connection", error);
  }

  #onEvent(event: BrokerEvent): void {
    if (event.type === "connected") this.#isSent = true;
    else if (event.type === "closed") {
      this.#fail("connection", requestClosed(this.#subject, event.error));
    } else if (event.type === "error" && event.error instanceof PermissionError) {
      const { operation, subject } = event.error;
      if (operation === "publish" && subject === this.#subject) this.refused(event.error);
    }
  }

  /** Ends the request if too many answers wait: dropping some would make a part look like all of them. */
  #store(packet: RawMessage): boolean {
    const size = heldSize(packet);
    const fits = this.#unread.fits(size, DEFAULT_BOUNDS);
    if (fits) this.#unread.push(copyRawMessage(packet), size);
    else {
      this.#dropped++;
      this.#end("overflow");
      this.#feed.emit({ type: "slowConsumer", subject: this.#subject, dropped: this.#dropped });
    }
    return fits;
  }

  /**
   * Uses two timers: while a loop's body keeps the thread busy, answers lie unread in the socket, and they arrive
   * before the second timer and postpone it.
   */
  #watchStall(): void {
    const { stall } = this.#settings;
    if (stall === undefined) return;
    this.#stallTimer?.clear();
    this.#stallTimer = this.#clock.setTimeout(() => {
      this.#stallTimer = this.#clock.setTimeout(() => this.#end("stall"), 0);
    }, stall);
  }

  #expire(): void {
    if (this.#isSent) return this.#end("timeout");
    const { timeout } = this.#settings;
    this.#fail(
      "timeout",
      new TimeoutError(`request "${this.#subject}"`, timeout, this.#subject),
    );
  }

  readonly #abort = () => {
    this.#unread.clear();
    this.#failWith("cancelled", () => this.#settings.signal!.reason);
  };

  #fail(reason: AnswersEnd, error: Error): void {
    this.#failWith(reason, () => retraced(error));
  }

  #failWith(reason: AnswersEnd, failure: () => unknown): void {
    if (this.#isEnded) return;
    this.#failure = failure;
    this.#end(reason);
  }

  #end(reason: AnswersEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#deadlineTimer?.clear();
    this.#stallTimer?.clear();
    this.#subscription?.unsubscribe();
    this.#addresses.close(this.#replyTo);
    if (this.#question) this.#connection.cancel(this.#question);
    this.#stopListening?.();
    this.#settings.signal?.removeEventListener("abort", this.#abort);
    this.#unread.end();
    this.#resolveClosed(reason);
  }
}
