import { asMilliseconds } from "../duration.ts";
import type { Clock } from "../clock.ts";
import { Passing, within } from "../deadline.ts";
import { ConnectionError, TimeoutError } from "../errors.ts";
import type { InboxContext } from "../inbox/subscribed_inbox.ts";
import type { Question, Requests } from "../requests/requests.ts";
import type { Codecs } from "../message/codecs.ts";
import { sendableFields } from "../message/headers.ts";
import type { Message } from "../message/message.ts";
import { checkSent } from "../message/schema.ts";
import { type EncodedMessage, encodeMessage } from "../message/encoded_message.ts";
import { correlationIdFor, currentWork, timeWithinWork } from "../message/work.ts";
import {
  compose,
  type Draft,
  type PublishMiddleware,
  publishStep,
} from "../middleware/middleware.ts";
import { handled } from "../promises.ts";
import { asError } from "../legible.ts";
import {
  checkPublish,
  checkRequest,
  publishOnce,
  type PublishOptions,
  requestOnce,
  type RequestOptions,
} from "./send_options.ts";

/** What sending needs of the broker. */
export interface SenderContext extends InboxContext {
  readonly requests: Requests;
  /** The default timeout of a request, in milliseconds. */
  readonly requestTimeout: number;
  /** The program's own way to make correlation ids, if it has one. */
  readonly makeCorrelationId?: (() => string) | undefined;
}

/** A draft, and the function that sends it once it has passed the middleware. */
interface Sent {
  readonly draft: Draft;
  readonly send: (draft: Draft) => unknown;
}

/** Headers that only the broker may set. */
export type OwnFields = readonly (readonly [string, string])[];

/** Shared, as a promise for each message would cost as much as the rest of publishing. */
const DONE = Promise.resolve();

type Chain = (sent: Sent) => unknown;

/** Sends messages: runs every draft through the publish middleware, encodes it, and hands it to the connection. */
export class Sender {
  readonly #context: SenderContext;
  /** The codecs of the broker, if it has its own. */
  readonly codecs: Codecs | undefined;
  /** Makes correlation ids, if the program has a way of its own. */
  readonly makeCorrelationId: (() => string) | undefined;
  readonly #chain: Chain | undefined;
  /** Published messages that a middleware has not passed on yet. */
  readonly #passing = new Passing();

  constructor(context: SenderContext, middleware: readonly PublishMiddleware[]) {
    this.#context = context;
    this.codecs = context.addresses.reception.codecs;
    this.makeCorrelationId = context.makeCorrelationId;
    if (middleware.length === 0) return;
    const { feed } = context;
    feed.listen((event) => {
      if (event.type === "closed") this.#passing.end(() => closedMeanwhile(event.error));
    });
    this.#chain = compose(
      middleware.map(publishStep<Sent>),
      ({ draft, send }) => send(draft),
      (name) => {
        const habit = "call next() to send it";
        const error = new TypeError(
          `A message was not sent, as a middleware must ${habit}: ${name}`,
        );
        feed.emit({ type: "error", error });
      },
    );
  }

  /**
   * Publishes; resolves once there is room for more, so that a program that awaits it is no faster than the socket. A
   * message sent from within a handler keeps the handler's correlation id. A failure emits an `error` event, whether or
   * not the program awaits the promise.
   */
  publish(subject: string, body: unknown, options: PublishOptions | undefined): Promise<void> {
    try {
      checkPublish(subject, options);
      const valid = options?.schema && checkSent(options.schema, body);
      if (valid) return publishOnce(this, valid, subject, body, options);
      const correlationId = correlationIdFor(options?.correlationId, this.makeCorrelationId);
      const { headers, replyTo } = options ?? {};
      const sent = this.send({ kind: "publish", subject, body, headers, replyTo, correlationId });
      const { connection } = this.#context;
      if (sent === undefined) return connection.room() ?? DONE;
      const passed = this.#passing.until(Promise.resolve(sent));
      return this.reported(subject, passed.then(() => connection.room()));
    } catch (error) {
      return this.reported(subject, Promise.reject(error));
    }
  }

  /**
   * Emits an `error` event for a failed publication; the program may leave the promise un-awaited without ending the
   * process.
   */
  reported(subject: string, published: Promise<void>): Promise<void> {
    return handled(published, (thrown) => {
      const error = asError(thrown, "A schema or a publish middleware threw");
      this.#context.feed.emit({ type: "error", error, subject: String(subject) });
    });
  }

  /** Sends a request; from within a handler, waits no longer than the handler's own caller waits. */
  request(subject: string, body: unknown, options: RequestOptions | undefined): Promise<Message> {
    try {
      checkRequest(subject, options);
      const valid = options?.sendSchema && checkSent(options.sendSchema, body);
      if (valid) return handled(requestOnce(this, valid, subject, body, options));
      const work = currentWork();
      const correlationId = correlationIdFor(options?.correlationId, this.makeCorrelationId);
      const given = asMilliseconds(options?.timeout ?? this.#context.requestTimeout);
      const timeout = timeWithinWork(given, subject);
      const draft: Draft = {
        kind: "request",
        subject,
        body,
        headers: options?.headers,
        correlationId,
      };
      const question = { timeout, signal: options?.signal, schema: options?.schema };
      const answer = this.#chain
        ? handled(this.#askThrough(this.#chain, draft, question))
        : this.#ask(draft, question);
      work?.asks?.(subject, answer);
      return answer;
    } catch (error) {
      return handled(Promise.reject(error));
    }
  }

  /**
   * Encodes a question that the caller sends itself, with headers of ours that no middleware may remove; returns a
   * promise only if an async schema or a middleware handles the question first.
   *
   * @throws {ValidationError} if the body does not fit `sendSchema`
   */
  encodeQuestion(
    subject: string,
    body: unknown,
    { headers, correlationId: given, sendSchema }: RequestOptions,
    timeLeft: number | undefined,
    fields?: OwnFields,
  ): EncodedMessage | Promise<EncodedMessage> {
    const correlationId = correlationIdFor(given, this.makeCorrelationId);
    const valid = sendSchema && checkSent(sendSchema, body);
    if (valid) {
      const passed = { ...headers && { headers }, correlationId };
      return valid.then(() => this.encodeQuestion(subject, body, passed, timeLeft, fields));
    }
    const draft: Draft = { kind: "request", subject, body, headers, correlationId };
    const encoded = (draft: Draft) => this.#encode({ ...draft, timeLeft }, fields, this.codecs);
    if (!this.#chain) return encoded(draft);
    let outgoing: EncodedMessage | undefined;
    const send = (draft: Draft) => void (outgoing = encoded(draft));
    return Promise.try(this.#chain, { draft, send }).then(() => {
      if (outgoing) return outgoing;
      const rule = "a middleware must let it pass";
      throw new TypeError(`Cannot request "${subject}" as ${rule}`);
    });
  }

  /** The broker's clock. */
  get clock(): Clock {
    return this.#context.clock;
  }

  /** The default timeout of a request, in milliseconds. */
  get requestTimeout(): number {
    return this.#context.requestTimeout;
  }

  /** Resolves once the socket has taken most of what was sent; `undefined` if it has already. */
  room(): Promise<void> | undefined {
    return this.#context.connection.room();
  }

  /** Whether so much waits for the socket that the broker sends no more refusals. */
  get isFull(): boolean {
    return this.#context.connection.written.isFull;
  }

  /** Whether a draft may have to wait for a middleware. */
  get hasMiddleware(): boolean {
    return this.#chain !== undefined;
  }

  /** Hands a draft to `send`, once it has passed the middleware. */
  applyMiddleware(draft: Draft, send: (draft: Draft) => unknown): unknown {
    return this.#chain ? this.#chain({ draft, send }) : send(draft);
  }

  /** Sends a draft, with headers of ours; returns a promise only if a middleware needs one. */
  send(draft: Draft, fields?: OwnFields): unknown {
    return this.applyMiddleware(draft, fields ? this.#sendingWith(fields) : this.#hand);
  }

  /** Sends a draft without the program's middleware and codecs: for a last message that these failed to pass on. */
  sendPast(draft: Draft, fields?: OwnFields): void {
    this.#publish(draft, fields, undefined);
  }

  readonly #hand = (draft: Draft, fields?: OwnFields): void =>
    this.#publish(draft, fields, this.codecs);

  #publish(draft: Draft, fields: OwnFields | undefined, codecs: Codecs | undefined): void {
    if (draft.replyTo) this.#context.addresses.asking(draft.subject, draft.replyTo);
    this.#context.connection.publish(this.#encode(draft, fields, codecs));
  }

  /** Not within {@linkcode send}: a closure there would make every message allocate its scope. */
  #sendingWith(fields: OwnFields): (draft: Draft) => void {
    return (draft) => this.#hand(draft, fields);
  }

  #ask(draft: Draft, question: Question, remaining = question.timeout): Promise<Message> {
    const timeLeft = Math.ceil(remaining);
    return this.#context.requests.send(
      this.#encode({ ...draft, timeLeft }, undefined, this.codecs),
      question,
    );
  }

  /**
   * The timeout and the signal of a request cover its middleware too; a request that the middleware passes on too late
   * is not sent.
   */
  async #askThrough(chain: Chain, draft: Draft, question: Question): Promise<Message> {
    const { timeout, signal } = question;
    signal?.throwIfAborted();
    const { clock } = this.#context;
    const until = clock.now() + timeout;
    const action = `request "${draft.subject}"`;
    const given = new AbortController();
    const send = (draft: Draft) => {
      const remaining = until - clock.now();
      if (remaining < 0) throw new TimeoutError(action, timeout, draft.subject);
      return this.#ask(draft, { ...question, signal: given.signal }, remaining);
    };
    try {
      const asked = Promise.try(chain, { draft, send });
      const answer = await within(asked, { ...question, clock }, action, draft.subject);
      if (answer !== undefined) return answer as Message;
    } catch (error) {
      given.abort(error);
      throw error;
    }
    const rule = "a middleware must give back what next() resolves with";
    throw new TypeError(`Cannot ${action} as ${rule}`);
  }

  #encode(
    draft: Draft & { readonly timeLeft?: number | undefined },
    fields: OwnFields | undefined,
    codecs: Codecs | undefined,
  ): EncodedMessage {
    const { hasHeaders } = this.#context.connection;
    // most drafts have no headers, and a copy of each would cost as much as its checks
    const isBare = draft.headers === undefined && fields === undefined;
    const envelope = isBare
      ? draft
      : { ...draft, headers: [...sendableFields(draft.headers ?? {}), ...fields ?? []] };
    const outgoing = encodeMessage(draft.subject, draft.body, envelope, hasHeaders, codecs);
    if (draft.kind !== "publish") outgoing.isAwaited = true;
    return outgoing;
  }
}

/** The error for messages that a middleware still holds when the connection ends. */
function closedMeanwhile(cause: Error | undefined): ConnectionError {
  const sentence = "Cannot publish as the connection must be open: it was closed while a publish " +
    "middleware kept the message";
  return new ConnectionError(sentence, "closed", { cause });
}
