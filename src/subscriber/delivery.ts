import { within } from "../deadline.ts";
import { ReplyError } from "../errors.ts";
import type { EventFeed } from "../events.ts";
import { ERROR_CODES, errorReply, Reply } from "../message/reply.ts";
import { copyRawMessage, type RawMessage } from "../message/raw_message.ts";
import { after, isAsyncIterable, isThenable } from "../promises.ts";
import type { Channel } from "../link/ends/channel.ts";
import type { LinkContext } from "../link/ends/link_context.ts";
import { LinkError } from "../link/link_error.ts";
import type { LinkSettings } from "../link/link_options.ts";
import { END, LINK } from "../message/signalbox_headers.ts";
import { runWithin } from "../message/work.ts";
import type { Sender } from "../sending/sender.ts";
import type { EndpointStats } from "../service/endpoint.ts";
import type { Pattern } from "../subject/subject.ts";
import type { Draft } from "../middleware/middleware.ts";
import { asError } from "../legible.ts";
import { Exchange, exchangeOf } from "./exchange.ts";
import { type Failure, failureOf, Unanswerable } from "./failure.ts";
import { decode, type Pour, type Route } from "./route.ts";
import type { Seats } from "./seats.ts";
import type { SelfAsking } from "./self_asking.ts";
import { Streaming } from "./streaming.ts";
import { Telling } from "./telling.ts";

/** What a delivery works with. */
export interface DeliveryPlan {
  readonly pattern: Pattern;
  /** The first route that takes a message handles it. */
  readonly routes: readonly Route[];
  /** Where to publish values in addition to the reply: patterns, filled with the message's parameters. */
  readonly publishTo: readonly Pattern[];
  readonly noReply: boolean;
  /** The running exchanges, of this delivery and of earlier ones. */
  readonly open: Set<Exchange>;
  /** Detects that all handlers wait for their own subscriber. */
  readonly selfAsking: SelfAsking;
  readonly sender: Sender;
  readonly feed: EventFeed;
  readonly stopping: () => AbortSignal;
  readonly stats: EndpointStats | undefined;
  readonly ways: LinkContext;
  /** How streamed replies behave. */
  readonly streams: LinkSettings;
  /** Limits the number of streams and sessions. */
  readonly seats: Seats;
  /** Whether a message may become a stream or a session, and so needs a place first. */
  readonly isSeated: () => boolean;
}

/** The error text for callers that wait when the broker stops. */
export const SHUTTING_DOWN = "Shutting down";

/** How much of an error's text to send if the whole could not be sent, in characters. */
const LAST_WORD = 200;
/** The headers of a reply that is a whole stream. */
const ALL = [[END, "complete"]] as const;
/** The headers of a refusal by a handler of streams or sessions. */
const REFUSED = [[END, "error"]] as const;

/**
 * The whole path of one message: decode, find its handler, validate, middleware, handle, serialise, answer. A caller
 * that wants an answer always gets one.
 */
export class Delivery {
  readonly #plan: DeliveryPlan;
  readonly #streaming: Streaming;
  readonly #telling = new Telling();

  constructor(plan: DeliveryPlan) {
    this.#plan = plan;
    const publish = (exchange: Exchange, part: unknown) => this.#publish(exchange, part);
    this.#streaming = new Streaming({
      ...plan,
      publish: plan.publishTo.length > 0 ? publish : undefined,
      report: this.#report,
    });
  }

  /** Sends the parts of a reply as they are made. */
  readonly pour: Pour = (message, parts, check) =>
    this.#streaming.pour(exchangeOf(message)!, parts, check);

  /** Handles one message; never throws or rejects, and returns a promise only if it has to wait. */
  run(packet: RawMessage, arrived: number): void | Promise<void> {
    const isSeated = this.#plan.isSeated();
    const exchange = this.#begin(isSeated ? copyRawMessage(packet) : packet, arrived);
    try {
      const value = runWithin(exchange, isSeated ? this.#handleSeated : this.#handle, exchange);
      const answered = after(value, (value) => this.#answer(exchange, value));
      if (answered instanceof Promise) {
        return this.#endAfter(exchange, answered.catch((error) => this.#fail(exchange, error)));
      }
    } catch (error) {
      const told = this.#fail(exchange, error);
      if (told) return this.#endAfter(exchange, told);
    }
    return this.#end(exchange);
  }

  /** Answers a message with an error, without a handler. */
  refuse(packet: RawMessage, code: number, description: string): void | Promise<void> {
    // nobody waits for these answers, and refusing must be faster than a flood
    if (packet.replyTo === "" && !this.#plan.stats) return;
    const exchange = this.#begin(packet, this.#plan.ways.clock.now());
    exchange.isRefused = true;
    const told = this.#fail(exchange, new ReplyError(code, description));
    return told ? this.#endAfter(exchange, told) : this.#end(exchange);
  }

  /** Sends every waiting caller a 503, past a middleware slower than `patience` milliseconds; drops later answers. */
  async abandon(patience: number): Promise<void> {
    const error = new ReplyError(ERROR_CODES.unavailable, SHUTTING_DOWN);
    const told = [...this.#plan.open].map((exchange) =>
      this.#telling.of(exchange) ?? this.#fail(exchange, error)
    );
    const all = { clock: this.#plan.ways.clock, timeout: patience };
    await within(Promise.allSettled(told), all, "tell the callers").catch(
      (late) => {
        for (const each of this.#telling.exchanges) this.#sayLess(each, failureOf(error), late);
      },
    );
  }

  #begin(packet: RawMessage, arrived: number): Exchange {
    const { pattern, stopping, ways } = this.#plan;
    const params = pattern.read(packet.subject);
    const exchange = new Exchange(packet, params, arrived, stopping(), ways);
    exchange.selfAsking = this.#plan.selfAsking;
    if (this.#plan.stats) exchange.began = this.#plan.ways.clock.now();
    this.#plan.open.add(exchange);
    return exchange;
  }

  /** Never rejects, as an unhandled rejection would end the process. */
  #endAfter(exchange: Exchange, told: Promise<unknown>): Promise<void> {
    return told.catch((error) => this.#report(exchange, error)).then(() => this.#end(exchange));
  }

  /** Resolves once the socket has room for the next answer; frees this one's place only then. */
  #end(exchange: Exchange): Promise<void> | undefined {
    if (exchange.failure) this.#streaming.endPlain(exchange, 1);
    exchange.end();
    this.#plan.open.delete(exchange);
    this.#plan.stats?.record(this.#plan.ways.clock.now() - exchange.began, exchange.failure);
    return exchange.replyTo === "" ? undefined : this.#plan.sender.room();
  }

  readonly #handleSeated = (exchange: Exchange): unknown =>
    after(this.#plan.seats.take(exchange), () => {
      if (exchange.replyTo === "" || exchange.isOpen) return this.#handle(exchange);
      throw new ReplyError(ERROR_CODES.unavailable, SHUTTING_DOWN);
    });

  readonly #handle = (exchange: Exchange): unknown => {
    if (exchange.isOpen && exchange.isLate) {
      throw new ReplyError(ERROR_CODES.deadline, "The deadline has passed");
    }
    const { message } = exchange;
    decode(message);
    const route = this.#plan.routes.find((route) => route.takes(message));
    if (!route) throw new ReplyError(ERROR_CODES.notFound, "No handler takes this message");
    return route.run(exchange);
  };

  #answer(exchange: Exchange, value: unknown): unknown {
    const { publishTo, noReply } = this.#plan;
    if (exchange.isLed) return this.#streaming.finish(exchange, value);
    if (isAsyncIterable(value)) {
      return this.#streaming.pour(exchange, value, undefined).then(() =>
        this.#streaming.finish(exchange)
      );
    }
    const published = publishTo.length > 0 && this.#publish(exchange, value);
    const replied = !noReply && exchange.claim() && this.#reply(exchange, value);
    return published ? Promise.all([published, replied]) : replied;
  }

  /** Publishes the value; a failure emits an `error` event and does not change the reply. */
  #publish(exchange: Exchange, value: unknown): unknown {
    const { params } = exchange.message;
    const sent = this.#plan.publishTo.map((pattern) => {
      try {
        const draft = draftOf(exchange, "publish", pattern.fill(params), value);
        const sent = this.#plan.sender.send(draft);
        return isThenable(sent)
          ? Promise.resolve(sent).catch((error) => this.#report(exchange, error))
          : sent;
      } catch (error) {
        this.#report(exchange, error);
      }
    });
    return sent.some(isThenable) && Promise.all(sent);
  }

  #reply(exchange: Exchange, value: unknown): unknown {
    const fail = (cause: unknown) => {
      exchange.reopen();
      throw new Unanswerable(cause);
    };
    try {
      const draft = draftOf(exchange, "reply", exchange.replyTo, value);
      const sent = this.#plan.sender.send(draft, isAll(exchange, value) ? ALL : undefined);
      return isThenable(sent) ? this.#telling.add(exchange, sent).catch(fail) : sent;
    } catch (cause) {
      return fail(cause);
    }
  }

  /** Answers with an error; returns a promise only if the answer has to wait for a middleware. */
  #fail(exchange: Exchange, thrown: unknown): void | Promise<void> {
    const error = asError(thrown);
    const failure = exchange.failure = failureOf(error);
    if (exchange.endpoint) return this.#failLink(exchange, exchange.endpoint, error);
    const toTell = !this.#plan.noReply && exchange.claim();
    // a `ReplyError` goes only to the caller, if there is a caller
    if (!toTell || !(error instanceof ReplyError)) this.#report(exchange, error);
    if (!toTell) return;
    const sayLess = (cause: unknown) => this.#sayLess(exchange, failure, cause);
    try {
      const fields = exchange.servesLinks && isOpening(exchange) ? REFUSED : undefined;
      const draft = errorDraft(exchange, failure);
      const { sender } = this.#plan;
      // the socket is behind: send nothing, as the refused message was counted and reported as dropped
      if (exchange.isRefused && sender.isFull) return;
      if (exchange.isRefused && !this.#telling.hasRoom) return sender.sendPast(draft, fields);
      const sent = sender.send(draft, fields);
      if (isThenable(sent)) return this.#telling.add(exchange, sent).catch(sayLess);
    } catch (cause) {
      sayLess(cause);
    }
  }

  /** Sends the error through the link, and ignores an error that follows from the link's end. */
  #failLink(exchange: Exchange, endpoint: Channel, error: unknown): Promise<void> {
    const isOfEnd = error === endpoint.error("") ||
      (error instanceof LinkError && error.subject === endpoint.subject);
    const isNews = !endpoint.ending || !isOfEnd;
    if (isNews && !(error instanceof ReplyError)) this.#report(exchange, error);
    return endpoint.close({ reason: "error", ...exchange.failure });
  }

  /** Sends a shorter error: the data, the caller's own text or a middleware may be why the first could not be sent. */
  #sayLess(exchange: Exchange, failure: Failure, cause: unknown): void {
    this.#report(exchange, cause);
    try {
      this.#plan.sender.sendPast(lastWord(exchange, failure));
    } catch (error) {
      this.#report(exchange, error);
    }
  }

  readonly #report = ({ subject, correlationId }: Exchange, error: unknown): void => {
    const { feed, pattern: { text: pattern } } = this.#plan;
    feed.emit({ type: "error", error: asError(error), subject, pattern, correlationId });
  };
}

/** Whether the single reply is the whole requested stream. An empty reply is not: mere listeners send it. */
function isAll(exchange: Exchange, value: unknown): boolean {
  return value !== undefined && isOpening(exchange);
}

function isOpening({ message: { headers } }: Exchange): boolean {
  return headers.has(LINK);
}

function draftOf(
  { correlationId }: Exchange,
  kind: "publish" | "reply",
  subject: string,
  value: unknown,
): Draft {
  if (!(value instanceof Reply)) return { kind, subject, body: value, correlationId };
  return { ...value.options, kind, subject, body: value.body, correlationId };
}

function errorDraft(
  { correlationId, replyTo: subject }: Exchange,
  { code, description, data }: Failure,
): Draft {
  return { kind: "reply", subject, ...errorReply(code, description, data), correlationId };
}

/** The shortest error, which can always be sent. */
function lastWord(
  { replyTo: subject, correlationId }: Exchange,
  { code, description }: Failure,
): Draft {
  const short = description.slice(0, LAST_WORD);
  return { kind: "reply", subject, ...errorReply(code, short), correlationId };
}
