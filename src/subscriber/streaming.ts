import type { Channel } from "../link/ends/channel.ts";
import { accept, termsIn } from "../link/ends/opening.ts";
import { LinkError } from "../link/link_error.ts";
import { EncodeError, ReplyError } from "../errors.ts";
import { asError } from "../legible.ts";
import { NO_BYTES } from "../message/raw_message.ts";
import { ERROR_CODES, Reply } from "../message/reply.ts";
import { isThenable, SENT } from "../promises.ts";
import type { BrokerContext } from "../source/context.ts";
import { Unanswerable } from "../source/invocation.ts";
import type { PartCheck, Sink } from "../source/source.ts";
import { breath } from "../pacing.ts";
import { PlainCaller } from "./plain_caller.ts";
import type { Replier } from "./replier.ts";
import type { RequestInvocation } from "./request_invocation.ts";
import { Seats } from "./seats.ts";
import type { SubscriberSettings } from "./subscriber_options.ts";

/** How to send streamed replies. */
export interface StreamPlan {
  readonly pattern: string;
  /** What the places are for, in error messages. */
  readonly what: "sessions" | "streams";
  readonly settings: SubscriberSettings;
  readonly replier: Replier;
  readonly sink: Sink;
}

/** For a caller without a window, how many parts to send before waiting until the server has them. */
const FLUSH_EVERY = 64;
/** How many parts share a look at the clock, which costs a twentieth of a part. */
const FEW = 4;
const QUOTES = new TextEncoder().encode('""');

/** Sends the parts of a reply as they are made. */
export class Streaming {
  readonly seats: Seats;
  readonly #context: BrokerContext;
  readonly #settings: SubscriberSettings;
  readonly #replier: Replier;
  readonly #sink: Sink;

  constructor(context: BrokerContext, plan: StreamPlan) {
    this.#context = context;
    this.#settings = plan.settings;
    this.#replier = plan.replier;
    this.#sink = plan.sink;
    this.seats = new Seats(context, plan);
  }

  /**
   * Sends all parts; `finish` sends the end, as middleware may change it. It does not run the handler if nobody gets
   * the parts: a message without a reply address would start an endless handler for nobody.
   *
   * @throws {ReplyError} with 429, if too many streams run, or begin within a second
   * @throws the error that the handler throws
   */
  async stream(
    invocation: RequestInvocation,
    parts: AsyncIterable<unknown>,
    check: PartCheck | undefined,
  ): Promise<void> {
    const isRead = !this.#settings.noReply && invocation.isOpen;
    invocation.servesLinks = true;
    if (!isRead) invocation.plainLeft = 0;
    if (!isRead && !this.#replier.publishes) return await this.#discard(invocation, parts);
    const { seats } = this;
    if (!invocation.seat) {
      invocation.message.detach();
      const taken = seats.take(invocation);
      if (isThenable(taken)) await taken;
    }
    const retryAfter = isRead ? seats.pass(invocation) : 0;
    if (retryAfter > 0) {
      throw new ReplyError(ERROR_CODES.tooMany, "Too many streams at once", { retryAfter });
    }
    if (isRead) await this.#send(invocation, parts, check);
    else await this.#publishAll(invocation, parts, check);
  }

  /** Sends the end, after one last part if there is one. */
  async finish(invocation: RequestInvocation, last?: unknown): Promise<void> {
    const { channel } = invocation;
    if (channel) {
      if (last !== undefined && !channel.ending) await this.#sendPart(channel, last);
      return await channel.close();
    }
    if (!invocation.isOpen) return;
    if (last !== undefined && invocation.plainLeft !== 0) {
      if (invocation.plainLeft === 1) throw tooManyParts();
      await this.#sendPlainPart(invocation, last);
    }
    if (invocation.claim()) this.endPlain(invocation);
  }

  /** ADR-47: an empty message without headers is the end, if another may be sent after those that were `told`. */
  endPlain(invocation: RequestInvocation, told = 0): void {
    const { replyTo: subject, plainLeft = 0 } = invocation;
    if (plainLeft <= told) return;
    try {
      const { connection } = this.#context;
      connection.publish({ subject, replyTo: "", data: NO_BYTES, headerBlock: undefined });
    } catch (error) {
      // the connection may be closed, the outbox full, or the caller's address invalid
      this.#report(invocation, error);
    }
  }

  /** Discards parts that nobody gets, before the handler makes the first. */
  async #discard(invocation: RequestInvocation, parts: AsyncIterable<unknown>): Promise<void> {
    if (invocation.replyTo === "" || this.#settings.noReply) {
      const rule = "it is answered part by part, and nobody would get the parts";
      this.#report(invocation, new Error(`Dropped a message to "${invocation.subject}": ${rule}`));
    }
    await parts[Symbol.asyncIterator]().return?.();
  }

  /** Publishes the parts no faster than the socket takes them, and only while the broker runs. */
  async #publishAll(
    invocation: RequestInvocation,
    parts: AsyncIterable<unknown>,
    check: PartCheck | undefined,
  ): Promise<void> {
    const { connection } = this.#context;
    const stopping = this.#context.stopping();
    for await (const part of parts) {
      if (stopping.aborted || !connection.isOpen) return;
      await this.#replier.publish(invocation, check ? await check(part) : part);
      await (connection.room() ?? breath());
    }
  }

  async #send(
    invocation: RequestInvocation,
    parts: AsyncIterable<unknown>,
    check: PartCheck | undefined,
  ): Promise<void> {
    const { streams: settings } = this.#settings;
    const terms = termsIn(invocation.message);
    if (!terms) return await this.#sendPlain(invocation, parts[Symbol.asyncIterator](), check);
    if (terms.kind !== "stream") {
      throw new ReplyError(ERROR_CODES.badRequest, "No sessions are served here");
    }
    const { correlationId, message: { subject } } = invocation;
    const purpose = { subject, correlationId, schema: undefined };
    const channel = accept(this.#context, invocation.replyTo, terms, { purpose, settings });
    invocation.upgrade(channel);
    await this.#sendParts(invocation, parts[Symbol.asyncIterator](), { channel, check });
  }

  /** Sends parts until the end or until nobody wants them; then closes the iterator, so that its `finally` runs. */
  async #sendParts(
    invocation: RequestInvocation,
    parts: AsyncIterator<unknown>,
    { channel, check }: { readonly channel: Channel; readonly check: PartCheck | undefined },
  ): Promise<void> {
    const { publishes } = this.#replier;
    const stopped = channel.closed.then(() => parts.return?.());
    stopped.catch(() => {});
    for (let count = 1;; count++) {
      const result = await parts.next();
      if (channel.ending) return void await stopped;
      if (result.done) return;
      try {
        const part = check ? await check(result.value) : result.value;
        // a needless wait for each part would send each part in a separate write
        const published = publishes && this.#replier.publish(invocation, part);
        if (isThenable(published)) await published;
        const sent = this.#sendPart(channel, part);
        const wait = sent === SENT ? count % FEW === 0 && breath() : sent;
        if (wait) await wait;
      } catch (error) {
        if (channel.ending) return void await stopped;
        await parts.return?.();
        throw error;
      }
    }
  }

  #sendPart(channel: Channel, part: unknown): Promise<void> {
    const { body, options } = partOf(part);
    const sent = channel.send(body, options?.headers);
    if (sent === SENT) return sent;
    return sent.catch((cause) => {
      throw new Unanswerable(cause);
    });
  }

  /**
   * ADR-47: a message for each part, for callers that do not speak of links. If only so many may be sent to them, the
   * third from the last waits until it is known to be the last part: an error and the end must find room.
   */
  async #sendPlain(
    invocation: RequestInvocation,
    parts: AsyncIterator<unknown>,
    check: PartCheck | undefined,
  ): Promise<void> {
    const { connection, responseLimit } = this.#context;
    const most = invocation.plainLeft = responseLimit?.max ?? Infinity;
    using caller = this.#watch(invocation, parts);
    let held: { readonly part: unknown } | undefined;
    let count = 0;
    for await (const value of { [Symbol.asyncIterator]: () => parts }) {
      const part = check ? await check(value) : value;
      if (this.#replier.publishes) await this.#replier.publish(invocation, part);
      if (invocation.isLate || !invocation.isOpen) return;
      if (held || (invocation.plainLeft === 1 && most > 1)) throw tooManyParts();
      if (invocation.plainLeft === 2 && most > 2) {
        held = { part };
        continue;
      }
      await this.#sendPlainPart(invocation, part, caller.ask());
      if (invocation.plainLeft === 0) return;
      if (++count % FLUSH_EVERY === 0) await connection.flush({}, "send the parts");
    }
    if (held && invocation.isOpen) await this.#sendPlainPart(invocation, held.part);
  }

  /**
   * A caller that has gone stops the handler: aborts its signal and ends its iterator, as it may wait for long before
   * it makes the next part.
   */
  #watch(invocation: RequestInvocation, parts: AsyncIterator<unknown>): PlainCaller {
    return new PlainCaller(this.#context, () => {
      if (!invocation.isOpen) return;
      invocation.plainLeft = 0;
      invocation.callerLeft(new LinkError("go on with", invocation.subject, "peer-gone"));
      Promise.try(() => parts.return?.()).catch((error) => this.#report(invocation, error));
    });
  }

  async #sendPlainPart(invocation: RequestInvocation, part: unknown, ask?: string): Promise<void> {
    const { replyTo: subject, correlationId } = invocation;
    const plain = plainPart(part);
    if (!plain) {
      return this.#report(invocation, new EncodeError("no bytes, which would be the end"));
    }
    const draft = { kind: "reply", subject, correlationId, replyTo: ask, ...plain } as const;
    await this.#context.sender.send(draft);
    // the caller may have gone meanwhile
    if (invocation.plainLeft) invocation.plainLeft--;
  }

  #report(invocation: RequestInvocation, error: unknown): void {
    this.#sink.report(asError(error), invocation);
  }
}

function tooManyParts(): ReplyError {
  return new ReplyError(ERROR_CODES.internal, "More parts than may be sent to this caller");
}

function partOf(part: unknown): { readonly body: unknown; readonly options?: Reply["options"] } {
  return part instanceof Reply ? part : { body: part };
}

/**
 * An empty message would be the end: so `undefined` goes as `null`, and empty text as JSON; empty bytes are an error.
 */
function plainPart(part: unknown) {
  const { body, options } = partOf(part);
  if (body instanceof Uint8Array && body.length === 0) return undefined;
  if (body === undefined) return { ...options, body: null };
  if (body !== "") return { ...options, body };
  return { headers: { "content-type": "application/json" }, body: QUOTES };
}
