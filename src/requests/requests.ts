import { BusyMap } from "../busy_map.ts";
import type { Clock, Timer } from "../clock.ts";
import { notConnected } from "../connection/client_errors.ts";
import type { Connection, MessageSink, ServerSubscription } from "../connection/connection.ts";
import { onAbort, setDeadline, within } from "../deadline.ts";
import {
  ConnectionError,
  DecodeError,
  NoRespondersError,
  PermissionError,
  RemoteError,
  TimeoutError,
  ValidationError,
} from "../errors.ts";
import type { BrokerEvent } from "../events.ts";
import { asError } from "../legible.ts";
import { MessageHeaders } from "../message/headers.ts";
import { type Message, ReceivedMessage } from "../message/message.ts";
import { age, type EncodedMessage } from "../message/encoded_message.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { remoteErrorOf } from "../message/reply.ts";
import { type Schema, validate } from "../message/schema.ts";
import { handled, rejection } from "../promises.ts";
import { ForeignAnswers, isForeignAnswer, isOwnQuestion } from "../replies/refusals.ts";
import type { OwnInbox, ReplyAddresses } from "../replies/reply_addresses.ts";
import type { InboxContext } from "../inbox/subscribed_inbox.ts";
import { newToken } from "../subject/subject.ts";

/** How to wait for an answer. */
export interface Question {
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly schema: Schema | undefined;
}

interface PendingRequest {
  readonly request: EncodedMessage;
  readonly timeout: number;
  readonly deadline: number;
  readonly schema: Schema | undefined;
  readonly signal: AbortSignal | undefined;
  readonly promise: Promise<Message>;
  readonly resolve: (answer: Message | Promise<Message>) => void;
  stopListening: (() => void) | undefined;
}

/** Deadlines this close together, in milliseconds, share one check. */
const GRAIN = 4;

/**
 * Every request of a broker shares one wildcard subscription; a map leads from an answer's token to the pending
 * promise, and one timer checks all deadlines. A timer and a subscription for each request cost two to four times as
 * much.
 */
export class Requests implements MessageSink, OwnInbox {
  readonly #clock: Clock;
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #addresses: ReplyAddresses;
  readonly #foreign: ForeignAnswers;
  readonly #pending = new BusyMap<string, PendingRequest>();
  #inbox = "";
  #subscription: ServerSubscription | undefined;
  /** Why the server refuses our subscription for answers. */
  #refusal: Error | undefined;
  #resubscribing: Promise<void> | undefined;
  #timer: Pick<Timer, "clear"> | undefined;
  #nextExpiry = Infinity;

  constructor({ clock, connection, addresses, feed }: InboxContext, prefix: string) {
    this.#clock = clock;
    this.#connection = connection;
    this.#prefix = prefix;
    this.#addresses = addresses;
    this.#foreign = new ForeignAnswers(feed);
  }

  /**
   * Sends a request, now or after the reconnect, and resolves with its answer. A request that times out while
   * disconnected is never sent. The program may leave the promise un-awaited.
   *
   * @throws {NoRespondersError}
   * @throws {TimeoutError}
   * @throws {PermissionError}
   * @throws {ConnectionError}
   */
  send(request: EncodedMessage, { timeout, signal, schema }: Question): Promise<Message> {
    if (signal?.aborted) return handled(Promise.reject(signal.reason));
    if (this.#refusal) return handled(this.#sendLater(request, { timeout, signal, schema }));
    this.#subscribe(request.subject);
    const token = newToken();
    const deadline = this.#clock.now() + timeout;
    const { promise, resolve } = Promise.withResolvers<Message>();
    const pending: PendingRequest = {
      request,
      timeout,
      deadline,
      schema,
      signal,
      promise,
      resolve,
      stopListening: undefined,
    };
    request.replyTo = this.#inbox + token;
    this.#connection.publish(request);
    this.#pending.set(token, pending);
    if (signal) pending.stopListening = onAbort(signal, () => this.#abort(token, signal.reason));
    this.#expireAt(deadline);
    return promise;
  }

  /** Takes an answer; ignores it if it is late, as its caller has already got a `TimeoutError`. */
  take(packet: RawMessage): void {
    const token = packet.subject.slice(this.#inbox.length);
    const pending = this.#pending.get(token);
    if (!pending) return;
    if (isNoResponders(packet)) {
      return this.#fail(token, new NoRespondersError(pending.request.subject));
    }
    const answer = new ReceivedMessage(packet, this.#addresses.reception);
    if (isForeignAnswer(pending.request, answer)) return this.#foreign.report(pending.request);
    this.#pending.delete(token);
    pending.stopListening?.();
    try {
      const read = readAnswer(pending.request.subject, answer, pending.schema);
      if (read instanceof Promise) settle(pending, this.#withinDeadline(read, pending));
      else pending.resolve(read);
    } catch (error) {
      // an error that a schema throws keeps the schema's stack
      if (isFaulty(error)) pending.resolve(rejection(error, pending.promise));
      else settle(pending, Promise.reject(error));
    }
  }

  hasAsked(question: RawMessage): boolean {
    const pending = this.#pending.get(question.replyTo.slice(this.#inbox.length));
    return pending !== undefined && isOwnQuestion(pending.request, question);
  }

  readonly retryRefused = true;

  /** The server refuses our subscription for answers. */
  refused(error: Error): void {
    this.#refusal = error;
    this.#failAll(() => error);
  }

  restored(): void {
    this.#refusal = undefined;
  }

  /** Handles the connection's events that concern pending requests. */
  notice(event: BrokerEvent): void {
    if (event.type === "closed") {
      this.#timer?.clear();
      this.#timer = undefined;
      this.#nextExpiry = Infinity;
      this.#subscription = undefined;
      this.#refusal = undefined;
      this.#failAll((subject) => requestClosed(subject, event.error));
    } else if (event.type === "error" && event.error instanceof PermissionError) {
      const { operation, subject } = event.error;
      if (operation === "publish") this.#failAll(() => event.error, subject);
    }
  }

  /** Subscribes to the answers before it sends, as a handled request without an answer would be in vain. */
  async #sendLater(request: EncodedMessage, question: Question): Promise<Message> {
    const began = this.#clock.now();
    const { subject } = request;
    const action = `request "${subject}"`;
    this.#resubscribing ??= this.#connection.retry(this, action)
      .finally(() => this.#resubscribing = undefined);
    await within(this.#resubscribing, { ...question, clock: this.#clock }, action, subject);
    if (this.#refusal) throw this.#refusal;
    const passed = this.#clock.now() - began;
    age(request, passed);
    return await this.send(request, { ...question, timeout: question.timeout - passed });
  }

  /** Limits a slow schema to the rest of the request's time. */
  #withinDeadline(
    answer: Promise<Message>,
    { request: { subject }, timeout, deadline, signal }: PendingRequest,
  ): Promise<Message> {
    const clock = this.#clock;
    const remaining = Math.max(0, deadline - clock.now());
    const patience = { clock, timeout: remaining, given: timeout, signal };
    return within(answer, patience, `request "${subject}"`, subject);
  }

  #subscribe(asked: string): void {
    if (this.#subscription) return;
    if (!this.#connection.isOpen) throw notConnected(`request "${asked}"`);
    this.#addresses.close(this.#inbox.slice(0, -1));
    this.#inbox = `${this.#prefix}.${newToken()}.`;
    this.#addresses.open(this.#inbox.slice(0, -1), this);
    this.#subscription = this.#connection.subscribe(`${this.#inbox}*`, this);
  }

  #fail(token: string, error: Error): void {
    const pending = this.#withdraw(token);
    pending?.resolve(rejection(error, pending.promise));
  }

  #abort(token: string, reason: unknown): void {
    const pending = this.#withdraw(token);
    if (pending) settle(pending, Promise.reject(reason));
  }

  #withdraw(token: string): PendingRequest | undefined {
    const pending = this.#pending.get(token);
    if (!pending) return undefined;
    this.#pending.delete(token);
    this.#connection.cancel(pending.request);
    pending.stopListening?.();
    return pending;
  }

  #failAll(reason: (subject: string) => Error, only?: string): void {
    for (const [token, { request: { subject } }] of this.#pending) {
      if (only === undefined || only === subject) this.#fail(token, reason(subject));
    }
  }

  #expireAt(deadline: number): void {
    if (deadline >= this.#nextExpiry) return;
    this.#timer?.clear();
    this.#nextExpiry = deadline;
    const wait = Math.max(0, deadline - this.#clock.now());
    this.#timer = setDeadline(this.#clock, () => this.#expire(), wait);
  }

  #expire(): void {
    // the timer decides: a clock that runs behind it, as in a test, must not postpone the deadline
    const now = Math.max(this.#clock.now(), this.#nextExpiry);
    let next = Infinity;
    this.#nextExpiry = Infinity;
    for (const [token, { request: { subject }, timeout, deadline }] of this.#pending) {
      if (deadline <= now) {
        this.#fail(token, new TimeoutError(`request "${subject}"`, timeout, subject));
      } else if (deadline < next) next = deadline;
    }
    if (next < Infinity) this.#expireAt(Math.max(next, now + GRAIN));
  }
}

/** ADR-22: both an empty payload and the status 503. */
export function isNoResponders({ data, headerBlock }: RawMessage): boolean {
  return data.length === 0 && headerBlock !== undefined &&
    MessageHeaders.parse(headerBlock).status === 503;
}

/** Settles as the answer does, whether or not the program awaits it. */
function settle({ promise, resolve }: PendingRequest, answer: Promise<Message>): void {
  promise.catch(() => {});
  resolve(answer);
}

/** The error for requests when the connection is closed for good. */
export function requestClosed(subject: string, cause: Error | undefined): ConnectionError {
  const sentence = `Cannot request "${subject}" as the connection must be open: it was closed`;
  return new ConnectionError(sentence, "closed", { cause });
}

/**
 * Reads an answer for the caller: returns a message with the body that its schema made, or throws the error it carries.
 *
 * @throws {RemoteError}
 * @throws {DecodeError}
 * @throws {ValidationError}
 */
export function readAnswer(
  subject: string,
  answer: ReceivedMessage,
  schema: Schema | undefined,
): Message | Promise<Message> {
  const error = remoteErrorOf(subject, answer);
  if (error) throw error;
  if (!schema) return answer;
  const valid = validate(schema, answer.body);
  return valid instanceof Promise
    ? valid.then((made) => answer.withBody(made))
    : answer.withBody(valid);
}

/** Whether the answer is at fault, and not the schema. */
export function isFaulty(error: unknown): error is RemoteError | DecodeError | ValidationError {
  // the value that a schema throws may throw again when read, and then the caller would wait without end
  const known = asError(error);
  return [RemoteError, DecodeError, ValidationError].some((kind) => known instanceof kind);
}
