import { EncodeError, ReplyError } from "../errors.ts";
import type { EventFeed } from "../connection/events.ts";
import { accept, termsIn } from "../link/accepting.ts";
import type { Endpoint } from "../link/endpoint.ts";
import { SENT } from "../link/sending.ts";
import type { LinkWays } from "../link/link_ways.ts";
import type { LinkSettings } from "../link/link_options.ts";
import type { Places } from "../link/places.ts";
import { ERROR_CODES } from "../message/error_codes.ts";
import { Reply } from "../message/reply.ts";
import type { Outbound } from "../outbound/outbound.ts";
import { isThenable } from "../thenable.ts";
import type { Exchange } from "./exchange.ts";
import { Unanswerable } from "./failure.ts";

/** How streamed replies leave. */
export interface StreamPlan {
  readonly ways: LinkWays;
  readonly outbound: Outbound;
  readonly feed: EventFeed;
  readonly streams: LinkSettings;
  readonly places: Places;
  readonly noReply: boolean;
  /** Publishes a part where the subscriber says so, beside the reply. */
  readonly publish: (exchange: Exchange, part: unknown) => unknown;
}

/** To a caller that cannot say how much it has room for, so many parts go before the server must have them. */
const FLUSH_EVERY = 64;
const QUOTES = new TextEncoder().encode('""');
const NOTHING = new Uint8Array(0);

/** Sends the parts of a reply as they are made. */
export class Streaming {
  readonly #plan: StreamPlan;

  constructor(plan: StreamPlan) {
    this.#plan = plan;
  }

  /**
   * Sees to all parts; the end is told by `finish`, as middleware may have the last word.
   *
   * @throws {ReplyError} with 429, if too many are at work, or begin within a second
   * @throws whatever the parts throw
   */
  async pour(exchange: Exchange, parts: AsyncIterable<unknown>): Promise<void> {
    const { places, noReply } = this.#plan;
    if (!places.enter()) throw new ReplyError(ERROR_CODES.tooMany, "Too many streams");
    try {
      const retryAfter = places.pass();
      if (retryAfter > 0) {
        throw new ReplyError(ERROR_CODES.tooMany, "Too many streams at once", { retryAfter });
      }
      if (!noReply && exchange.isOpen) await this.#send(exchange, parts);
      else for await (const part of parts) await this.#plan.publish(exchange, part);
    } finally {
      places.leave();
    }
  }

  /** Tells that nothing more comes, after one last part if there is one. */
  async finish(exchange: Exchange, last?: unknown): Promise<void> {
    const { endpoint } = exchange;
    if (endpoint) {
      if (last !== undefined && !endpoint.ending) await this.#sendPart(endpoint, last);
      return await endpoint.close();
    }
    if (!exchange.isOpen) return;
    if (last !== undefined && exchange.plainLeft !== 0) {
      if (exchange.plainLeft === 1) throw tooManyParts();
      await this.#sendPlainPart(exchange, last);
    }
    if (exchange.claim()) this.endPlain(exchange);
  }

  /** ADR-47: an empty message without headers is the end, if another may be sent after those that were `told`. */
  endPlain({ replyTo: subject, plainLeft = 0 }: Exchange, told = 0): void {
    if (plainLeft <= told) return;
    this.#plan.ways.connection.publish({
      subject,
      replyTo: "",
      data: NOTHING,
      headerBlock: undefined,
    });
  }

  async #send(exchange: Exchange, parts: AsyncIterable<unknown>): Promise<void> {
    const { ways, streams: settings } = this.#plan;
    const terms = termsIn(exchange.message);
    if (!terms) return await this.#sendPlain(exchange, parts);
    if (terms.kind !== "stream") {
      throw new ReplyError(ERROR_CODES.badRequest, "No sessions are served here");
    }
    const { correlationId, message: { subject } } = exchange;
    const purpose = { subject, correlationId, schema: undefined };
    const endpoint = accept(ways, exchange.replyTo, terms, { purpose, settings });
    exchange.lead(endpoint);
    await this.#sendParts(exchange, parts[Symbol.asyncIterator](), endpoint);
  }

  /** Until all is sent, or nobody wants it: then the parts are told, so that their `finally` runs. */
  async #sendParts(
    exchange: Exchange,
    parts: AsyncIterator<unknown>,
    endpoint: Endpoint,
  ): Promise<void> {
    const stopped = endpoint.closed.then(() => parts.return?.());
    stopped.catch(() => {});
    for (;;) {
      const result = await parts.next();
      if (endpoint.ending) return void await stopped;
      if (result.done) return;
      try {
        // a wait for each part, where there is nothing to wait for, would have each go out alone
        const published = this.#plan.publish(exchange, result.value);
        if (isThenable(published)) await published;
        const sent = this.#sendPart(endpoint, result.value);
        if (sent !== SENT) await sent;
      } catch (error) {
        if (endpoint.ending) return void await stopped;
        await parts.return?.();
        throw error;
      }
    }
  }

  #sendPart(endpoint: Endpoint, part: unknown): Promise<void> {
    const { body, options } = partOf(part);
    const sent = endpoint.send(body, options?.headers);
    if (sent === SENT) return sent;
    return sent.catch((cause) => {
      throw new Unanswerable(cause);
    });
  }

  /**
   * ADR-47: a message for each part, for callers that do not speak of links. Where they may be sent only so many, the
   * one before the last two is held until it is known to be the last part: an error and the end must find room.
   */
  async #sendPlain(exchange: Exchange, parts: AsyncIterable<unknown>): Promise<void> {
    const { connection, allowance } = this.#plan.ways;
    const most = exchange.plainLeft = allowance?.max ?? Infinity;
    let held: { readonly part: unknown } | undefined;
    let count = 0;
    for await (const part of parts) {
      await this.#plan.publish(exchange, part);
      if (exchange.isLate || !exchange.isOpen) return;
      if (held || (exchange.plainLeft === 1 && most > 1)) throw tooManyParts();
      if (exchange.plainLeft === 2 && most > 2) {
        held = { part };
        continue;
      }
      await this.#sendPlainPart(exchange, part);
      if (exchange.plainLeft === 0) return;
      if (++count % FLUSH_EVERY === 0) await connection.flush({}, "send the parts");
    }
    if (held && exchange.isOpen) await this.#sendPlainPart(exchange, held.part);
  }

  async #sendPlainPart(exchange: Exchange, part: unknown): Promise<void> {
    const { replyTo: subject, correlationId } = exchange;
    const { outbound, feed } = this.#plan;
    const plain = plainPart(part);
    if (!plain) {
      return feed.emit({
        type: "error",
        error: new EncodeError("no bytes, which would be the end"),
      });
    }
    await outbound.send({ kind: "reply", subject, correlationId, ...plain });
    exchange.plainLeft!--;
  }
}

function tooManyParts(): ReplyError {
  return new ReplyError(ERROR_CODES.internal, "More parts than may be sent to this caller");
}

function partOf(part: unknown): { readonly body: unknown; readonly options?: Reply["options"] } {
  return part instanceof Reply ? part : { body: part };
}

/** An empty message would be the end, so what is nothing goes as `null`, and no text as its JSON; no bytes cannot go. */
function plainPart(part: unknown) {
  const { body, options } = partOf(part);
  if (body instanceof Uint8Array && body.length === 0) return undefined;
  if (body === undefined) return { ...options, body: null };
  if (body !== "") return { ...options, body };
  return { headers: { "content-type": "application/json" }, body: QUOTES };
}
