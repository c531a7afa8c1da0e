import { NO_BYTES } from "../message/raw_message.ts";
import { breath } from "../pacing.ts";
import { EncodeError, ReplyError } from "../errors.ts";
import { accept, termsIn } from "../link/ends/opening.ts";
import type { Channel } from "../link/ends/channel.ts";
import { LinkError } from "../link/link_error.ts";
import { SENT } from "../link/ends/body_sender.ts";
import type { LinkContext } from "../link/ends/link_context.ts";
import type { LinkSettings } from "../link/link_options.ts";
import { ERROR_CODES, Reply } from "../message/reply.ts";
import type { Sender } from "../sending/sender.ts";
import { isThenable } from "../promises.ts";
import type { Exchange } from "./exchange.ts";
import { Unanswerable } from "./failure.ts";
import { PlainCaller } from "./plain_caller.ts";
import type { PartCheck } from "./route.ts";
import type { Seats } from "./seats.ts";

/** How to send streamed replies. */
export interface StreamPlan {
  readonly ways: LinkContext;
  readonly sender: Sender;
  readonly streams: LinkSettings;
  readonly seats: Seats;
  readonly noReply: boolean;
  /** Aborts when the timeout of the broker's stop has passed. */
  readonly stopping: () => AbortSignal;
  /** Publishes a part in addition to the reply; `undefined` without `publishTo`. */
  readonly publish: ((exchange: Exchange, part: unknown) => unknown) | undefined;
  readonly report: (exchange: Exchange, error: unknown) => void;
}

/** For a caller without a window, how many parts to send before waiting until the server has them. */
const FLUSH_EVERY = 64;
/** How many parts share a look at the clock, which costs a twentieth of a part. */
const FEW = 4;
const QUOTES = new TextEncoder().encode('""');

/** Sends the parts of a reply as they are made. */
export class Streaming {
  readonly #plan: StreamPlan;

  constructor(plan: StreamPlan) {
    this.#plan = plan;
  }

  /**
   * Sends all parts; `finish` sends the end, as middleware may change it. It does not run the handler if nobody gets
   * the parts: a message without a reply address would start an endless handler for nobody.
   *
   * @throws {ReplyError} with 429, if too many streams run, or begin within a second
   * @throws the error that the handler throws
   */
  async pour(
    exchange: Exchange,
    parts: AsyncIterable<unknown>,
    check: PartCheck | undefined,
  ): Promise<void> {
    const isRead = !this.#plan.noReply && exchange.isOpen;
    exchange.servesLinks = true;
    if (!isRead) exchange.plainLeft = 0;
    if (!isRead && !this.#plan.publish) return await this.#discard(exchange, parts);
    const { seats } = this.#plan;
    if (!exchange.seat) {
      exchange.message.detach();
      const taken = seats.take(exchange);
      if (isThenable(taken)) await taken;
    }
    const retryAfter = isRead ? seats.pass(exchange) : 0;
    if (retryAfter > 0) {
      throw new ReplyError(ERROR_CODES.tooMany, "Too many streams at once", { retryAfter });
    }
    if (isRead) await this.#send(exchange, parts, check);
    else await this.#publishAll(exchange, parts, check);
  }

  /** Sends the end, after one last part if there is one. */
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
  endPlain(exchange: Exchange, told = 0): void {
    const { replyTo: subject, plainLeft = 0 } = exchange;
    if (plainLeft <= told) return;
    try {
      const { connection } = this.#plan.ways;
      connection.publish({ subject, replyTo: "", data: NO_BYTES, headerBlock: undefined });
    } catch (error) {
      // the connection may be closed, the outbox full, or the caller's address invalid
      this.#plan.report(exchange, error);
    }
  }

  /** Discards parts that nobody gets, before the handler makes the first. */
  async #discard(exchange: Exchange, parts: AsyncIterable<unknown>): Promise<void> {
    if (exchange.replyTo === "" || this.#plan.noReply) {
      const rule = "it is answered part by part, and nobody would get the parts";
      this.#plan.report(exchange, new Error(`Dropped a message to "${exchange.subject}": ${rule}`));
    }
    await parts[Symbol.asyncIterator]().return?.();
  }

  /** Publishes the parts no faster than the socket takes them, and only while the broker runs. */
  async #publishAll(
    exchange: Exchange,
    parts: AsyncIterable<unknown>,
    check: PartCheck | undefined,
  ): Promise<void> {
    const { ways: { connection }, publish } = this.#plan;
    const stopping = this.#plan.stopping();
    for await (const part of parts) {
      if (stopping.aborted || !connection.isOpen) return;
      await publish!(exchange, check ? await check(part) : part);
      await (connection.room() ?? breath());
    }
  }

  async #send(
    exchange: Exchange,
    parts: AsyncIterable<unknown>,
    check: PartCheck | undefined,
  ): Promise<void> {
    const { ways, streams: settings } = this.#plan;
    const terms = termsIn(exchange.message);
    if (!terms) return await this.#sendPlain(exchange, parts[Symbol.asyncIterator](), check);
    if (terms.kind !== "stream") {
      throw new ReplyError(ERROR_CODES.badRequest, "No sessions are served here");
    }
    const { correlationId, message: { subject } } = exchange;
    const purpose = { subject, correlationId, schema: undefined };
    const endpoint = accept(ways, exchange.replyTo, terms, { purpose, settings });
    exchange.lead(endpoint);
    await this.#sendParts(exchange, parts[Symbol.asyncIterator](), { endpoint, check });
  }

  /** Sends parts until the end or until nobody wants them; then closes the iterator, so that its `finally` runs. */
  async #sendParts(
    exchange: Exchange,
    parts: AsyncIterator<unknown>,
    { endpoint, check }: { readonly endpoint: Channel; readonly check: PartCheck | undefined },
  ): Promise<void> {
    const { publish } = this.#plan;
    const stopped = endpoint.closed.then(() => parts.return?.());
    stopped.catch(() => {});
    for (let count = 1;; count++) {
      const result = await parts.next();
      if (endpoint.ending) return void await stopped;
      if (result.done) return;
      try {
        const part = check ? await check(result.value) : result.value;
        // a needless wait for each part would send each part in a separate write
        const published = publish?.(exchange, part);
        if (isThenable(published)) await published;
        const sent = this.#sendPart(endpoint, part);
        const wait = sent === SENT ? count % FEW === 0 && breath() : sent;
        if (wait) await wait;
      } catch (error) {
        if (endpoint.ending) return void await stopped;
        await parts.return?.();
        throw error;
      }
    }
  }

  #sendPart(endpoint: Channel, part: unknown): Promise<void> {
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
  async #sendPlain(
    exchange: Exchange,
    parts: AsyncIterator<unknown>,
    check: PartCheck | undefined,
  ): Promise<void> {
    const { connection, responseLimit } = this.#plan.ways;
    const most = exchange.plainLeft = responseLimit?.max ?? Infinity;
    using caller = this.#watch(exchange, parts);
    let held: { readonly part: unknown } | undefined;
    let count = 0;
    for await (const value of { [Symbol.asyncIterator]: () => parts }) {
      const part = check ? await check(value) : value;
      await this.#plan.publish?.(exchange, part);
      if (exchange.isLate || !exchange.isOpen) return;
      if (held || (exchange.plainLeft === 1 && most > 1)) throw tooManyParts();
      if (exchange.plainLeft === 2 && most > 2) {
        held = { part };
        continue;
      }
      await this.#sendPlainPart(exchange, part, caller.ask());
      if (exchange.plainLeft === 0) return;
      if (++count % FLUSH_EVERY === 0) await connection.flush({}, "send the parts");
    }
    if (held && exchange.isOpen) await this.#sendPlainPart(exchange, held.part);
  }

  /** A caller who has gone stops the handler: its parts are told, as it may wait for long before it makes the next. */
  #watch(exchange: Exchange, parts: AsyncIterator<unknown>): PlainCaller {
    return new PlainCaller(this.#plan.ways, () => {
      if (!exchange.isOpen) return;
      exchange.plainLeft = 0;
      exchange.leave(new LinkError("go on with", exchange.subject, "peer gone"));
      Promise.try(() => parts.return?.()).catch((error) => this.#plan.report(exchange, error));
    });
  }

  async #sendPlainPart(exchange: Exchange, part: unknown, ask?: string): Promise<void> {
    const { replyTo: subject, correlationId } = exchange;
    const plain = plainPart(part);
    if (!plain) {
      return this.#plan.report(exchange, new EncodeError("no bytes, which would be the end"));
    }
    const draft = { kind: "reply", subject, correlationId, replyTo: ask, ...plain } as const;
    await this.#plan.sender.send(draft);
    // the caller may have gone meanwhile
    if (exchange.plainLeft) exchange.plainLeft--;
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
