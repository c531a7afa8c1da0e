import { within } from "../deadline.ts";
import type { NextOptions } from "../inbox/inbox.ts";
import { type Message, ReceivedMessage } from "../message/message.ts";
import type { Outgoing } from "../message/outgoing.ts";
import type { Schema } from "../message/schema.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";
import { handled } from "../thenable.ts";
import { shortened } from "../subject/shortened.ts";
import { readAnswer } from "../inbox/answer.ts";
import { COMPLETE } from "./ending.ts";
import type { Endpoint } from "./endpoint.ts";
import type { OpeningPatience } from "./handshake.ts";
import type { LinkEnd } from "./link_error.ts";
import type { ReplyStream } from "./stream.ts";
import { readableOf } from "./web_streams.ts";

/** How long a stream is waited for. */
export interface StreamPatience extends OpeningPatience {
  /** When all must be done, by `performance.now()`. */
  readonly until: number;
}

/** A streamed reply, on the side that asked for it. */
export class RequestedStream implements ReplyStream {
  readonly #endpoint: Endpoint;
  readonly #schema: Schema | undefined;
  readonly #addresses: ReplyAddresses;
  readonly #signal: AbortSignal | undefined;
  readonly #until: number;
  /** The one part of a responder that does not stream. */
  #answer: Promise<Message | undefined>;
  /** Whether its parts are read with nothing else to see to. */
  #isFlowing = false;
  #readable: ReadableStream | undefined;

  constructor(
    endpoint: Endpoint,
    opening: Outgoing | Promise<Outgoing>,
    schema: Schema | undefined,
    { timeout, signal, until }: StreamPatience,
    addresses: ReplyAddresses,
  ) {
    this.#signal = signal;
    this.#until = until;
    this.#endpoint = endpoint;
    this.#schema = schema;
    this.#addresses = addresses;
    this.#answer = this.#open(opening, { timeout, signal });
    this.#answer.catch(() => {});
    if (signal) endpoint.endOn(signal);
  }

  get ended(): Promise<LinkEnd> {
    return this.#endpoint.closed;
  }

  get readable(): ReadableStream {
    return this.#readable ??= readableOf(this);
  }

  close(): Promise<void> {
    this.leave(undefined);
    return Promise.resolve();
  }

  leave(reason: unknown): void {
    this.#endpoint.leave(reason);
  }

  next(): Promise<Message | undefined> {
    return handled(this.#next());
  }

  async #next(): Promise<Message | undefined> {
    const answer = await this.#answer.catch((error) => {
      if (!this.#endpoint.isLeft) throw error;
    });
    if (!answer) {
      this.#isFlowing = !this.#schema;
      return await this.#endpoint.next(this.#patience());
    }
    this.#answer = Promise.resolve(undefined);
    return answer;
  }

  [Symbol.asyncIterator](): AsyncIterator<Message> {
    const parts = this.#endpoint.iterate();
    const next = async (): Promise<IteratorResult<Message>> => {
      const value = await this.#next();
      return value ? { done: false, value } : { done: true, value };
    };
    // a part that has come costs a few promises less so
    return {
      next: () => this.#isFlowing ? parts.next() : handled(next()),
      return: () => parts.return!(),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What a log shows: the getters, which are no fields. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { correlationId, ending } = this.#endpoint;
    const subject = shortened(this.#endpoint.subject);
    return `ReplyStream ${inspect({ subject, correlationId, ended: ending?.reason }, how)}`;
  }

  /** The link ends by its deadline and by the signal, but a schema may have what came before that. */
  #patience(): NextOptions | undefined {
    if (!this.#schema) return undefined;
    const timeout = this.#until === Infinity
      ? Infinity
      : Math.max(0, this.#until - performance.now());
    return { timeout, ...this.#signal && { signal: this.#signal } };
  }

  async #open(
    opening: Outgoing | Promise<Outgoing>,
    patience: OpeningPatience,
  ): Promise<Message | undefined> {
    const { subject } = this.#endpoint;
    const { timeout, signal } = patience;
    const until = performance.now() + timeout;
    const { packet, isAccepted } = await this.#endpoint.open(opening, patience);
    if (isAccepted) return undefined;
    try {
      const received = new ReceivedMessage(packet, this.#addresses.reception);
      const read = readAnswer(subject, received, this.#schema);
      const left = { timeout: Math.max(0, until - performance.now()), given: timeout, signal };
      const answer = read instanceof Promise
        ? await within(read, left, `request a stream of "${subject}"`, subject)
        : read;
      this.#endpoint.ended(COMPLETE);
      return answer;
    } catch (error) {
      this.#endpoint.ended({ reason: "error", error });
      throw error;
    }
  }
}
