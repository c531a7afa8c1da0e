import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import { ConnectionError, TimeoutError } from "../errors.ts";
import type { Connection } from "../connection/connection.ts";
import type { EventFeed } from "../connection/events.ts";
import type { Question, Requests } from "../inbox/requests.ts";
import { newToken } from "../inbox/token.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";
import { headerFields, recordOf, sendableFields } from "../message/headers.ts";
import type { Message } from "../message/message.ts";
import { encodeMessage, type Outgoing } from "../message/outgoing.ts";
import { currentWork, timeWithinWork } from "../message/work.ts";
import { compose } from "../middleware/compose.ts";
import type { Link } from "../middleware/compose.ts";
import type { Draft, GivenDraft, PublishMiddleware } from "../middleware/middleware.ts";
import { checkOptions, type Rule } from "../options.ts";
import { Passing } from "../passing.ts";
import { checkSubject } from "../subject/subject.ts";
import { handled } from "../thenable.ts";
import { asError } from "../thrown.ts";
import {
  checkPublish,
  checkRequest,
  type PublishOptions,
  type RequestOptions,
} from "./send_options.ts";

/** What things are sent over. */
export interface Ways {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly requests: Requests;
  readonly addresses: ReplyAddresses;
  readonly feed: EventFeed;
  /** Milliseconds, for a request that names none. */
  readonly requestTimeout: number;
}

/** A draft, and what becomes of it once it has passed the middleware. */
interface Sent {
  readonly draft: Draft;
  readonly leave: (draft: Draft) => unknown;
}

/** One for all: a promise each would be as dear as the rest of publishing. */
/** Headers that are the broker's to say. */
export type OwnFields = readonly (readonly [string, string])[];

const DONE = Promise.resolve();

type Chain = (sent: Sent) => unknown;

const word: Rule = (value) => typeof value === "string" ? undefined : "text";
const DRAFT_RULES = {
  kind: word,
  subject: word,
  body: () => undefined,
  headers: headerFields,
  replyTo: word,
  correlationId: word,
};

/** The way out: every draft passes the middleware for what is sent, is encoded, and goes to the connection. */
export class Outbound {
  readonly #ways: Ways;
  readonly #chain: Chain | undefined;
  /** What is published, and a middleware has. */
  readonly #passing = new Passing();

  constructor(ways: Ways, middleware: readonly PublishMiddleware[]) {
    this.#ways = ways;
    if (middleware.length === 0) return;
    const { feed } = ways;
    feed.listen((event) => {
      if (event.type === "closed") this.#passing.end(() => kept(event.error));
    });
    this.#chain = compose(middleware.map(linkOf), ({ draft, leave }) => leave(draft), (name) => {
      const habit = "call next() for what is to be sent";
      const error = new TypeError(`A message was not sent, as a middleware must ${habit}: ${name}`);
      feed.emit({ type: "error", error });
    });
  }

  /**
   * Publishes; resolves once there is room for more, so that whoever waits for it is no faster than the socket. What is
   * sent from within a handler is part of the same work. One that fails is reported, awaited or not.
   */
  publish(subject: string, body: unknown, options: PublishOptions | undefined): Promise<void> {
    try {
      checkPublish(subject, options);
      const correlationId = options?.correlationId ?? currentWork()?.correlationId ?? newToken();
      const { headers, replyTo } = options ?? {};
      const sent = this.send({ kind: "publish", subject, body, headers, replyTo, correlationId });
      const { connection } = this.#ways;
      if (sent === undefined) return connection.room() ?? DONE;
      const passed = this.#passing.until(Promise.resolve(sent));
      return this.reported(subject, passed.then(() => connection.room()));
    } catch (error) {
      return this.reported(subject, Promise.reject(error));
    }
  }

  /** Reports that a message could not be published; nobody may await the promise, which must not end the process. */
  reported(subject: string, published: Promise<void>): Promise<void> {
    return handled(published, (thrown) => {
      const error = asError(thrown, "A publish middleware threw");
      this.#ways.feed.emit({ type: "error", error, subject: String(subject) });
    });
  }

  /** Asks; from within a handler, no longer than its own caller waits. */
  request(subject: string, body: unknown, options: RequestOptions | undefined): Promise<Message> {
    try {
      checkRequest(subject, options);
      const work = currentWork();
      const correlationId = options?.correlationId ?? work?.correlationId ?? newToken();
      const timeout = timeWithinWork(options?.timeout ?? this.#ways.requestTimeout, subject);
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
   * Encodes a question that its asker sends, with fields of ours that no middleware may take away; gives a promise only
   * where a middleware has it first.
   */
  encodeQuestion(
    subject: string,
    body: unknown,
    { headers, correlationId: given }: RequestOptions,
    timeLeft: number | undefined,
    fields: OwnFields = [],
  ): Outgoing | Promise<Outgoing> {
    const correlationId = given ?? currentWork()?.correlationId ?? newToken();
    const draft: Draft = { kind: "request", subject, body, headers, correlationId };
    const encoded = (draft: Draft) => this.#encode({ ...draft, timeLeft }, fields);
    if (!this.#chain) return encoded(draft);
    let outgoing: Outgoing | undefined;
    const leave = (draft: Draft) => void (outgoing = encoded(draft));
    return Promise.try(this.#chain, { draft, leave }).then(() => {
      if (outgoing) return outgoing;
      const rule = "a middleware must let it pass";
      throw new TypeError(`Cannot request "${subject}" as ${rule}: it did not`);
    });
  }

  /** What the time goes by. */
  get clock(): Clock {
    return this.#ways.clock;
  }

  /** Milliseconds, for a request that names none. */
  get requestTimeout(): number {
    return this.#ways.requestTimeout;
  }

  /** Resolves once the socket has taken most of what was sent; `undefined` where that is so. */
  room(): Promise<void> | undefined {
    return this.#ways.connection.room();
  }

  /** Whether so much waits for the socket that nobody is refused by a message any more. */
  get isFull(): boolean {
    return this.#ways.connection.written.isFull;
  }

  /** Whether a draft may have to wait for a middleware. */
  get hasMiddleware(): boolean {
    return this.#chain !== undefined;
  }

  /** Hands a draft to `leave`, once it has passed the middleware. */
  pass(draft: Draft, leave: (draft: Draft) => unknown): unknown {
    return this.#chain ? this.#chain({ draft, leave }) : leave(draft);
  }

  /** Sends a draft, with fields of ours; gives a promise only where a middleware needs one. */
  send(draft: Draft, fields?: OwnFields): unknown {
    return this.pass(draft, fields ? (draft) => this.#leave(draft, fields) : this.#leave);
  }

  /** Sends a draft past all middleware: the last word, where it could not be said through them. */
  sendPast(draft: Draft, fields?: OwnFields): void {
    this.#leave(draft, fields);
  }

  readonly #leave = (draft: Draft, fields?: OwnFields): void => {
    if (draft.replyTo) this.#ways.addresses.asking(draft.subject, draft.replyTo);
    this.#ways.connection.publish(this.#encode(draft, fields));
  };

  #ask(draft: Draft, question: Question, left = question.timeout): Promise<Message> {
    const timeLeft = Math.ceil(left);
    return this.#ways.requests.send(this.#encode({ ...draft, timeLeft }), question);
  }

  /** The time and the signal of a request are for its middleware too; what it lets go too late is not sent. */
  async #askThrough(chain: Chain, draft: Draft, question: Question): Promise<Message> {
    const { timeout, signal } = question;
    signal?.throwIfAborted();
    const { clock } = this.#ways;
    const until = clock.now() + timeout;
    const action = `request "${draft.subject}"`;
    const given = new AbortController();
    const leave = (draft: Draft) => {
      const left = until - clock.now();
      if (left < 0) throw new TimeoutError(action, timeout, draft.subject);
      return this.#ask(draft, { ...question, signal: given.signal }, left);
    };
    try {
      const asked = Promise.try(chain, { draft, leave });
      const answer = await within(asked, { ...question, clock }, action, draft.subject);
      if (answer !== undefined) return answer as Message;
    } catch (error) {
      given.abort(error);
      throw error;
    }
    const rule = "a middleware must give back what next() resolves with";
    throw new TypeError(`Cannot ${action} as ${rule}: it did not`);
  }

  #encode(
    draft: Draft & { readonly timeLeft?: number | undefined },
    fields: OwnFields = [],
  ): Outgoing {
    const { hasHeaders } = this.#ways.connection;
    // most have no headers, and a copy of each draft would cost as much as its checks
    const isBare = draft.headers === undefined && fields.length === 0;
    const envelope = isBare
      ? draft
      : { ...draft, headers: [...sendableFields(draft.headers ?? {}), ...fields] };
    const outgoing = encodeMessage(draft.subject, draft.body, envelope, hasHeaders);
    if (draft.kind !== "publish") outgoing.isAwaited = true;
    return outgoing;
  }
}

/** What those are told whose message a middleware has kept for longer than there is a connection. */
function kept(cause: Error | undefined): ConnectionError {
  const sentence = "Cannot publish as the connection must be open: it was closed while a publish " +
    "middleware kept the message";
  return new ConnectionError(sentence, "closed", { cause });
}

/** A middleware as a link of the chain, which sees its headers as an object, and whose changes are looked at. */
function linkOf(middleware: PublishMiddleware): Link<Sent> {
  const link: Link<Sent> = (sent, next) =>
    middleware(given(sent.draft), (draft) => {
      if (draft === undefined) return next(sent);
      try {
        checkChanged(sent.draft, draft);
      } catch (error) {
        return Promise.reject(error);
      }
      return next({ ...sent, draft });
    });
  return Object.defineProperty(link, "name", { value: middleware.name });
}

function given({ headers, ...draft }: Draft): GivenDraft {
  return headers ? { ...draft, headers: recordOf(headers) } : draft;
}

/** What a middleware makes of a draft is as new to us as what a program publishes. */
function checkChanged(before: Draft, changed: Draft): void {
  const action = "send what a middleware gave next()";
  checkOptions(action, changed, DRAFT_RULES);
  if (changed.subject !== before.subject) checkSubject(action, changed.subject);
  const { replyTo } = changed;
  if (replyTo !== undefined && replyTo !== before.replyTo) checkSubject(action, replyTo);
}
