import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import { asMilliseconds, type Duration } from "../duration.ts";
import type { DecodeError, RemoteError, ValidationError } from "../errors.ts";
import { type Message, ReceivedMessage, type Reception } from "../message/message.ts";
import type { RawMessage } from "../message/raw_message.ts";
import {
  checkOptions,
  count,
  decision,
  limit,
  milliseconds,
  type Rule,
  signal,
} from "../options.ts";
import { isThenable } from "../promises.ts";
import type { NextOptions, Reader } from "../reader.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";
import { isFaulty, readAnswer } from "./requests.ts";
import { type HeaderFields, headerFields } from "../message/headers.ts";
import { correlationId } from "../message/work.ts";
import { type Schema, SlowChecks, standardSchema } from "../message/schema.ts";

/**
 * Why a request to many ended. `max`: it got as many answers as it asked for; `sentinel`: a message said that no more
 * follow; `stall`: no answer followed the last one in time; `timeout`: its time ran out; `cancelled`: the program left by
 * `break` or `close()`, or its signal aborted. After any other reason answers may be missing: they arrived faster than
 * the program read them (`overflow`), or the iteration throws the error.
 */
export type AnswersEnd =
  | "max"
  | "sentinel"
  | "stall"
  | "timeout"
  | "cancelled"
  | "overflow"
  | "no-responders"
  | "permission"
  | "connection";

/**
 * The answer of one of many responders. A failed answer does not end the iteration: it has an `error`; without an
 * `error`, `body` is what the schema made.
 */
export type Answer<Body = unknown> =
  | Message<Body> & { readonly error: undefined }
  | Message & {
    /** The error that the responder sent, or the fault in the body that it sent. */
    readonly error: RemoteError | DecodeError | ValidationError;
  };

/**
 * The answers of many responders to one request, as they arrive; `broker.requestMany()` makes them. If several loops
 * read, each answer goes to one of them. An empty answer counts as an answer, and ends the request only with the option
 * `sentinel`.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * for (const shop of ["corner", "market"]) {
 *   broker.subscriber("prices.tea", { queue: shop }, () => shop);
 * }
 * await using _test = await TestBroker.start(broker);
 *
 * const shops = [];
 * const answers = broker.requestMany("prices.tea", undefined, { stall: 100, timeout: 2_000 });
 * for await (const { error, body } of answers) if (!error) shops.push(body);
 * assertEquals(shops.sort(), ["corner", "market"]);
 * assertEquals(await answers.closed, "stall");
 * ```
 */
export interface Answers<Body = unknown> extends Reader<Answer<Body>, AnswersEnd> {
  /** Resolves with the reason once the request has ended; never rejects, and needs no loop. */
  readonly closed: Promise<AnswersEnd>;

  /**
   * The bodies, as a Web Stream; cancelling it ends the request. A failed answer fails the stream with its error, and
   * ends the request.
   */
  readonly readable: ReadableStream<Body>;

  /**
   * The next answer; `undefined` once the request has ended and no answer waits.
   *
   * @throws {TimeoutError} if no answer arrives within its `timeout`; the request goes on
   * @throws the reason of its `signal`, if it aborts; the request goes on
   * @throws the errors that the loop throws
   */
  next(options?: NextOptions): Promise<Answer<Body> | undefined>;

  /** Ends the request and drops unread answers; does nothing if the request has ended. */
  close(): Promise<void>;

  /**
   * Reads answers until the request ends; leaving the loop closes it. The loop yields waiting answers before it throws
   * an error, except after an abort.
   *
   * @throws {NoRespondersError} at once, if nobody subscribes to the subject
   * @throws {PermissionError} at once, if the server does not permit the request or the subscription for the answers
   * @throws {SubscriptionError} at once, if the server refuses the subscription for the answers
   * @throws {TimeoutError} at the deadline, only if the broker had no connection to send the request
   * @throws {ConnectionError} if the broker stops, or its connection is closed for good
   * @throws the reason of the signal, if it aborts
   */
  [Symbol.asyncIterator](): AsyncIterator<Answer<Body>>;
}

/**
 * Which message is the final one: an empty one without headers (`true`), the one a function picks, or none (`false`).
 */
export type Sentinel = boolean | ((message: Message) => boolean);

/** The rule for options that say which message is the final one. */
export const sentinel: Rule = (value) => {
  if (typeof value === "boolean") return undefined;
  return decision(value) && "true, false, or a function that is not async";
};

/** ADR-47: an empty message without headers is the end. */
export function isPlainEnd({ data, headerBlock }: RawMessage): boolean {
  return data.length === 0 && headerBlock === undefined;
}

/**
 * Whether a message is the final one.
 *
 * @throws {TypeError} if the function returns a promise, which is neither yes nor no
 * @throws the error that the function throws
 */
export function isLast(packet: RawMessage, sentinel: Sentinel, reception: Reception): boolean {
  if (typeof sentinel === "boolean") return sentinel && isPlainEnd(packet);
  const found: unknown = sentinel(new ReceivedMessage(packet, reception));
  if (!isThenable(found)) return Boolean(found);
  // nobody else awaits it
  Promise.resolve(found).catch(() => {});
  const action = "Cannot tell which answer is the last";
  throw new TypeError(`${action} as "sentinel" must give true or false: a promise`);
}

/** What to send with a request to many, and when to end it. */
export interface RequestManyOptions<Answer = unknown, Body = unknown> {
  /**
   * Ends after this many answers, including answers with an error.
   *
   * @default {Infinity}
   */
  readonly max?: number;
  /**
   * Ends when no answer follows the last one for this long; the first answer may take longer.
   *
   * @default {Infinity}
   */
  readonly stall?: Duration;
  /**
   * Ends at a final message, which does not count as an answer: an empty one without headers, as in ADR-47 (`true`), or
   * the one for which a function returns `true`. If the function throws, the request ends, and the iteration throws the
   * same error. With many responders, the first final message ends the request.
   *
   * @default {false}
   */
  readonly sentinel?: boolean | ((message: Message) => boolean);
  /**
   * The time for the whole request, including a wait for the connection.
   *
   * @default {the broker's `requestTimeout`}
   */
  readonly timeout?: Duration;
  /** Ends the request when it aborts; the iteration throws its reason. */
  readonly signal?: AbortSignal;
  /** Additional headers; one that the broker sets too, in any case, replaces the broker's. */
  readonly headers?: HeaderFields;
  /**
   * Ties together all messages of one piece of work: one line of 1 to 256 bytes.
   *
   * @default {a fresh random token}
   */
  readonly correlationId?: string;
  /** Checks and types each answer's body; an answer that does not fit has a `ValidationError` as its `error`. */
  readonly schema?: Schema<Answer, unknown>;
  /** Checks and types the body before it is sent; it is sent as given. */
  readonly sendSchema?: Schema<unknown, Body>;
}

/** When a request to many ends, with the defaults filled in. */
export interface RequestManySettings {
  readonly max: number;
  readonly stall: number | undefined;
  readonly sentinel: Sentinel;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly schema: Schema | undefined;
}

const RULES = {
  max: limit(count),
  stall: limit(milliseconds),
  sentinel,
  timeout: milliseconds,
  signal,
  headers: headerFields,
  correlationId,
  schema: standardSchema,
  sendSchema: standardSchema,
};

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} naming the first option that is unknown or wrong
 */
export function requestManySettings(
  options: RequestManyOptions | undefined,
  requestTimeout: number,
): RequestManySettings {
  checkOptions("request many", options, RULES);
  const { signal, schema } = options ?? {};
  const stall = asMilliseconds(options?.stall);
  const timeout = asMilliseconds(options?.timeout ?? requestTimeout);
  const { max = Infinity, sentinel = false } = options ?? {};
  return { max, stall: stall === Infinity ? undefined : stall, sentinel, timeout, signal, schema };
}

/** What an {@linkcode AnswerReader} needs. */
export interface AnswerContext {
  readonly clock: Clock;
  readonly addresses: ReplyAddresses;
  /** Called if the schema itself fails, as a loop does not close an iterator that throws. */
  readonly broken: () => Promise<void>;
}

/** Reads answers, checked by the schema. */
export class AnswerReader {
  readonly #subject: string;
  readonly #settings: RequestManySettings;
  readonly #context: AnswerContext;
  readonly #deadlineAt: number;
  /** Made for the first reader that waits for a time. */
  #checks: SlowChecks<Answer> | undefined;

  constructor(subject: string, settings: RequestManySettings, context: AnswerContext) {
    this.#subject = subject;
    this.#settings = settings;
    this.#context = context;
    this.#deadlineAt = context.clock.now() + settings.timeout;
  }

  /** The answer that its reader did not wait for, if there is one. */
  late(until = Infinity, options?: NextOptions): Promise<Answer | undefined> | undefined {
    const late = this.#checks?.shift();
    return late && this.#checks!.wait(late, until, options);
  }

  /** The answer, unless it takes longer than its reader waits: then it is for the next one. */
  readWithin(packet: RawMessage, until: number, options: NextOptions): Promise<Answer | undefined> {
    const { clock } = this.#context;
    const checks = this.#checks ??= new SlowChecks(clock, "read an answer", this.#subject);
    // reading has a limit of its own
    return checks.wait(checks.begin(this.read(packet), Infinity), until, options);
  }

  /** The answer with its error, if any, so that reading `body` cannot end the loop. */
  async read(packet: RawMessage): Promise<Answer> {
    const { reception } = this.#context.addresses;
    try {
      const received = new ReceivedMessage(packet, reception);
      const read = readAnswer(this.#subject, received, this.#settings.schema);
      const answer = read instanceof Promise ? await this.#withinDeadline(read) : read;
      void answer.body;
      return Object.assign(answer, { error: undefined });
    } catch (error) {
      if (isFaulty(error)) return Object.assign(new ReceivedMessage(packet, reception), { error });
      await this.#context.broken();
      throw error;
    }
  }

  /** Drops what is late. */
  cancel(): void {
    this.#checks?.cancel();
  }

  /** Limits a slow schema to the rest of the request's time; for an answer read late the full time starts anew. */
  #withinDeadline(answer: Promise<Message>): Promise<Message> {
    const { timeout, signal } = this.#settings;
    const { clock } = this.#context;
    const remaining = this.#deadlineAt - clock.now();
    const left = remaining > 0 ? remaining : timeout;
    const patience = { clock, timeout: left, given: timeout, signal };
    return within(answer, patience, `validate an answer of "${this.#subject}"`, this.#subject);
  }
}
