import type { Timer } from "../../clock.ts";
import { within } from "../../deadline.ts";
import type { NextOptions } from "../../inbox/inbox.ts";
import { type Message, ReceivedMessage } from "../../message/message.ts";
import type { EncodedMessage } from "../../message/encoded_message.ts";
import type { RawMessage } from "../../message/raw_message.ts";
import type { Schema } from "../../message/schema.ts";
import { handled } from "../../promises.ts";
import { iteratorOf } from "../../queue.ts";
import { shortened } from "../../legible.ts";
import { readAnswer } from "../../requests/requests.ts";
import type { Channel } from "./channel.ts";
import type { OpeningPatience, PlainAnswer } from "./handshake.ts";
import type { LinkEnd } from "../link_error.ts";
import type { LinkContext } from "./link_context.ts";
import type { ReplyStream } from "../stream.ts";
import { readableOf } from "./web_streams.ts";

/** How long to wait for a stream. */
export interface StreamPatience extends OpeningPatience {
  /** When all must be done, by the broker's clock. */
  readonly until: number;
}

/** A streamed reply, on the side that asked for it. */
export class RequestedStream implements ReplyStream {
  readonly #channel: Channel;
  readonly #schema: Schema | undefined;
  readonly #context: Pick<LinkContext, "clock" | "addresses">;
  readonly #signal: AbortSignal | undefined;
  readonly #until: number;
  readonly #timeout: number;
  /** The parts of a plain responder, if the answers are plain. */
  readonly #opened: Promise<PlainAnswer | undefined>;
  /** Made for the first who asks, as most programs only read. */
  #accepted: Promise<void> | undefined;
  /** Whether parts can be read directly, without a schema. */
  #isFlowing = false;
  #readable: ReadableStream | undefined;

  constructor(
    channel: Channel,
    opening: EncodedMessage | Promise<EncodedMessage>,
    schema: Schema | undefined,
    { timeout, signal, until }: StreamPatience,
    context: Pick<LinkContext, "clock" | "addresses">,
  ) {
    this.#signal = signal;
    this.#until = until;
    this.#timeout = timeout;
    this.#channel = channel;
    this.#schema = schema;
    this.#context = context;
    this.#opened = handled(this.#open(opening, { timeout, signal }));
    if (signal) channel.cancelOn(signal);
  }

  get accepted(): Promise<void> {
    return this.#accepted ??= handled(this.#whenAccepted());
  }

  async #whenAccepted(): Promise<void> {
    const plain = await this.#opened;
    if (plain?.isError) throw this.#channel.error("request a stream of");
  }

  get closed(): Promise<LinkEnd> {
    return this.#channel.closed;
  }

  get readable(): ReadableStream {
    return this.#readable ??= readableOf(this);
  }

  close(): Promise<void> {
    this.cancel(undefined);
    return Promise.resolve();
  }

  cancel(reason: unknown): void {
    this.#channel.cancel(reason);
  }

  next(): Promise<Message | undefined> {
    return handled(this.#next());
  }

  async #next(): Promise<Message | undefined> {
    const plain = await this.#opened.catch((error) => {
      if (!this.#channel.hasClosed) throw error;
    });
    if (!plain) {
      this.#isFlowing = !this.#schema;
      return await this.#channel.next(this.#patience());
    }
    const part = await plain.next();
    return part ? await this.#read(part) : await this.#channel.next();
  }

  [Symbol.asyncIterator](): AsyncIterator<Message> {
    return iteratorOf(
      () => this.#isFlowing ? this.#channel.next() : this.#next(),
      () => this.cancel(undefined),
      () => this.#isFlowing ? this.#channel.readNow() : undefined,
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What a log shows: the getters, which are no fields. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { correlationId, ending } = this.#channel;
    const subject = shortened(this.#channel.subject);
    return `ReplyStream ${inspect({ subject, correlationId, closed: ending?.reason }, how)}`;
  }

  /** The link ends by its deadline and by the signal, but a schema may have what came before that. */
  #patience(): NextOptions | undefined {
    if (!this.#schema) return undefined;
    const timeout = this.#until === Infinity
      ? Infinity
      : Math.max(0, this.#until - this.#context.clock.now());
    return { timeout, ...this.#signal && { signal: this.#signal } };
  }

  async #open(
    opening: EncodedMessage | Promise<EncodedMessage>,
    patience: OpeningPatience,
  ): Promise<PlainAnswer | undefined> {
    const { plain } = await this.#channel.open(opening, patience);
    if (!plain) return undefined;
    void plain.ended.then((ending) => this.#channel.ended(ending));
    this.#watch(plain);
    return plain;
  }

  /** Nothing tells that a plain responder is still there, and a single answer may be of one who does not stream. */
  #watch(plain: PlainAnswer): void {
    let timer: Timer | undefined;
    const look = () => {
      const left = plain.last + this.#timeout - this.#context.clock.now();
      if (left > 0) timer = this.#context.clock.setTimeout(look, left);
      else plain.end({ reason: "peer-gone" });
    };
    look();
    void plain.ended.then(() => timer?.clear());
  }

  /** What a plain responder sent, as a part. */
  async #read(packet: RawMessage): Promise<Message> {
    const { subject } = this.#channel;
    const timeout = Math.max(0, Math.min(this.#timeout, this.#until - this.#context.clock.now()));
    const { clock } = this.#context;
    const patience = { clock, timeout, given: this.#timeout, signal: this.#signal };
    try {
      const read = readAnswer(
        subject,
        new ReceivedMessage(packet, this.#context.addresses.reception),
        this.#schema,
      );
      if (!(read instanceof Promise)) return read;
      return await within(read, patience, `request a stream of "${subject}"`, subject);
    } catch (error) {
      this.#channel.fail(error);
      throw error;
    }
  }
}
