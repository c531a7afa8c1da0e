import { PayloadTooLargeError, ReplyError } from "../errors.ts";
import type { EventFeed } from "../connection/events.ts";
import { newToken } from "../inbox/token.ts";
import { ERROR_CODES } from "../message/error_codes.ts";
import type { Packet } from "../message/packet.ts";
import { errorReply, Reply } from "../message/reply.ts";
import { runWithin } from "../message/work.ts";
import { shown } from "../options.ts";
import type { Outbound } from "../outbound/outbound.ts";
import type { EndpointStats } from "../service/endpoint_stats.ts";
import type { Pattern } from "../subject/pattern.ts";
import type { Draft } from "../middleware/middleware.ts";
import { after, isThenable } from "../thenable.ts";
import { Exchange, type Failure } from "./exchange.ts";
import { decode, type Route } from "./route.ts";

/** What a delivery works with. */
export interface DeliveryPlan {
  readonly pattern: Pattern;
  /** The first that takes a message handles it. */
  readonly routes: readonly Route[];
  /** Where values are published beside the reply: patterns, filled with the message's parameters. */
  readonly publishTo: readonly Pattern[];
  readonly noReply: boolean;
  readonly outbound: Outbound;
  readonly feed: EventFeed;
  readonly stopping: () => AbortSignal;
  readonly stats: EndpointStats | undefined;
}

/** How much of an error's text is repeated where the whole could not be sent, in characters. */
const LAST_WORD = 200;

/**
 * The whole path of one message: decode, find its handler, validate, middleware, handle, serialise, answer. Whoever
 * wants an answer gets one, whatever happens on the way.
 */
export class Delivery {
  readonly #plan: DeliveryPlan;
  readonly #open = new Set<Exchange>();

  constructor(plan: DeliveryPlan) {
    this.#plan = plan;
  }

  /** Sees one message through; never throws or rejects, and gives a promise only where it has to wait. */
  run(packet: Packet, arrived: number): void | Promise<void> {
    const exchange = this.#begin(packet, arrived);
    try {
      const value = runWithin(exchange, this.#handle, exchange);
      const answered = after(value, (value) => this.#answer(exchange, value));
      if (answered instanceof Promise) {
        return answered.catch((error) => this.#fail(exchange, error)).then(() =>
          this.#end(exchange)
        );
      }
    } catch (error) {
      const told = this.#fail(exchange, error);
      if (told) return told.then(() => this.#end(exchange));
    }
    this.#end(exchange);
  }

  /** Answers a message without handing it over. */
  refuse(packet: Packet, code: number, description: string): void | Promise<void> {
    // a flood must be got rid of faster than it comes, and nobody waits for these answers
    if (packet.replyTo === "" && !this.#plan.stats) return;
    const exchange = this.#begin(packet, performance.now());
    const told = this.#fail(exchange, new ReplyError(code, description));
    if (told) return told.then(() => this.#end(exchange));
    this.#end(exchange);
  }

  /** Tells every caller who still waits that the broker stops; what the handlers say later is not sent. */
  async abandon(): Promise<void> {
    const error = new ReplyError(ERROR_CODES.unavailable, "Shutting down");
    await Promise.all([...this.#open].map((exchange) => this.#fail(exchange, error)));
  }

  #begin(packet: Packet, arrived: number): Exchange {
    const { pattern, stopping } = this.#plan;
    const exchange = new Exchange(packet, pattern.read(packet.subject), arrived, stopping());
    if (this.#plan.stats) exchange.began = performance.now();
    this.#open.add(exchange);
    return exchange;
  }

  #end(exchange: Exchange): void {
    exchange.end();
    this.#open.delete(exchange);
    this.#plan.stats?.record(performance.now() - exchange.began, exchange.failure);
  }

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
    const published = publishTo.length > 0 && this.#publish(exchange, value);
    const replied = !noReply && exchange.claim() && this.#reply(exchange, value);
    return published ? Promise.all([published, replied]) : replied;
  }

  #publish(exchange: Exchange, value: unknown): unknown {
    const { params } = exchange.message;
    const sent = this.#plan.publishTo.map((pattern) =>
      this.#plan.outbound.send(draftOf(exchange, "publish", pattern.fill(params), value))
    );
    return sent.some(isThenable) && Promise.all(sent);
  }

  #reply(exchange: Exchange, value: unknown): unknown {
    const fail = (cause: unknown) => {
      exchange.reopen();
      throw new Unanswerable(cause);
    };
    try {
      const sent = this.#plan.outbound.send(draftOf(exchange, "reply", exchange.replyTo, value));
      return isThenable(sent) ? Promise.resolve(sent).catch(fail) : sent;
    } catch (cause) {
      return fail(cause);
    }
  }

  /** Gives a promise only where the answer has to wait for a middleware. */
  #fail(exchange: Exchange, error: unknown): void | Promise<void> {
    const failure = exchange.failure = told(error);
    const toTell = !this.#plan.noReply && exchange.claim();
    // an error that was made for the caller is told to the caller alone, if there is one
    if (!toTell || !(error instanceof ReplyError)) this.#report(error);
    if (!toTell) return;
    const sayLess = (cause: unknown) => this.#sayLess(exchange, failure, cause);
    try {
      const sent = this.#plan.outbound.send(errorDraft(exchange, failure));
      if (isThenable(sent)) return Promise.resolve(sent).then(() => {}, sayLess);
    } catch (cause) {
      sayLess(cause);
    }
  }

  /** Its data, the caller's own words or a middleware may be why an error could not be sent. */
  #sayLess(exchange: Exchange, failure: Failure, cause: unknown): void {
    this.#report(cause);
    try {
      this.#plan.outbound.sendPast(lastWord(exchange, failure));
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    this.#plan.feed.emit({ type: "error", error: asError(error) });
  }
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

/** What can be sent in any case. */
function lastWord({ replyTo: subject }: Exchange, { code, description }: Failure): Draft {
  const short = description.slice(0, LAST_WORD);
  return { kind: "reply", subject, ...errorReply(code, short), correlationId: newToken() };
}

/** A handler's value that could not be sent. */
class Unanswerable extends Error {
  constructor(cause: unknown) {
    super("Cannot answer a request as its reply must be sent: it was not", { cause });
  }
}

/** What the caller is told of an error; the text of one that was not made for it stays here. */
function told(error: unknown): Failure {
  const { internal: code, tooLarge } = ERROR_CODES;
  if (error instanceof ReplyError) {
    return { code: error.code, description: error.message, data: error.data };
  }
  if (!(error instanceof Unanswerable)) return { code, description: "Internal error" };
  return error.cause instanceof PayloadTooLargeError
    ? { code: tooLarge, description: "The reply is too large" }
    : { code, description: "The reply cannot be sent" };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(`A handler threw ${shown(error)}`);
}
