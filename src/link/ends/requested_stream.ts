import { asMilliseconds } from "../../duration.ts";
import type { Timer } from "../../clock.ts";
import { within } from "../../deadline.ts";
import type { NextOptions } from "../../reader.ts";
import { type Message, ReceivedMessage } from "../../message/message.ts";
import type { EncodedMessage } from "../../message/encoded_message.ts";
import type { RawMessage } from "../../message/raw_message.ts";
import { type Schema, SlowChecks } from "../../message/schema.ts";
import { handled } from "../../promises.ts";
import { checkOptions, NEXT_RULES } from "../../options.ts";
import { iteratorOf, readableOf } from "../../queue.ts";
import { shortened } from "../../legible.ts";
import { readAnswer } from "../../requests/requests.ts";
import type { Channel } from "./channel.ts";
import { GIVEN, type RestOfWait } from "./frame_assembler.ts";
import type { OpeningPatience, PlainAnswer } from "./handshake.ts";
import type { LinkEnd } from "../link_error.ts";
import type { LinkContext } from "./link_context.ts";
import type { ReplyStream } from "../stream.ts";

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
  /** Made on first use, as most programs only read. */
  #accepted: Promise<void> | undefined;
  /** Whether parts can be read directly, without a schema. */
  #isFlowing = false;
  /** The parts of a plain responder that their readers did not wait for. */
  #checks: SlowChecks<Message> | undefined;

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
    return readableOf(this, () => this);
  }

  /** Always 0: the peer sends no more than there is room for. */
  get dropped(): number {
    return 0;
  }

  close(): Promise<void> {
    this.cancel(undefined);
    return Promise.resolve();
  }

  cancel(reason: unknown): void {
    this.#channel.cancel(reason);
  }

  next(options?: NextOptions): Promise<Message | undefined> {
    return handled(options ? this.#nextWithin(options) : this.#next());
  }

  async #next(): Promise<Message | undefined> {
    const plain = await this.#opened.catch((error) => this.#failed(error));
    if (!plain) {
      this.#isFlowing = !this.#schema;
      return await this.#channel.next(this.#patience());
    }
    const late = this.#checks?.shift();
    if (late) return await late.message;
    const part = await plain.next();
    return part ? await this.#read(part) : await this.#channel.next();
  }

  /** A part that its reader did not wait for is for the next reader. */
  async #nextWithin(options: NextOptions): Promise<Message | undefined> {
    checkOptions("wait for a message", options, NEXT_RULES);
    options.signal?.throwIfAborted();
    const { subject } = this.#channel;
    const { clock } = this.#context;
    const { signal } = options;
    const timeout = asMilliseconds(options.timeout ?? Infinity);
    const until = clock.now() + timeout;
    const patience = () => {
      const left = Math.max(0, until - clock.now());
      return { clock, timeout: left === Infinity ? undefined : left, given: timeout, signal };
    };
    const action = "read a stream";
    const plain = await within(this.#opened, patience(), action, subject)
      .catch((error) => this.#failed(error));
    if (!plain) return await this.#channel.next(this.#patience(options, until));
    const checks = this.#checks ??= new SlowChecks(clock, action, subject);
    const late = checks.shift();
    if (late) return await checks.wait(late, until, options);
    const part = await plain.next(patience());
    if (!part) return await this.#channel.next(options);
    return await checks.wait(checks.begin(this.#read(part), Infinity), until, options);
  }

  /** A stream that the program has closed gives nothing more, and no error. */
  #failed(error: unknown): undefined {
    if (!this.#channel.hasClosed) throw error;
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

  /** The text for logs: it shows the getters, which a log would otherwise omit. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { correlationId, ending } = this.#channel;
    const subject = shortened(this.#channel.subject);
    return `ReplyStream ${inspect({ subject, correlationId, closed: ending?.reason }, how)}`;
  }

  /** The link ends by its deadline and by the signal, but a schema may have what came before that. */
  #patience(options?: NextOptions, until = Infinity): RestOfWait | undefined {
    if (!this.#schema && !options) return undefined;
    const end = this.#schema ? Math.min(until, this.#until) : until;
    const timeout = Math.max(0, Math.ceil(end - this.#context.clock.now()));
    const given = end === until ? asMilliseconds(options?.timeout) : undefined;
    const signals = [this.#schema && this.#signal, options?.signal].filter((one) =>
      one !== undefined
    );
    const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    return { timeout, [GIVEN]: given, ...signal && { signal } };
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

  /**
   * Nothing shows that a plain responder is still there, and a single answer may come from one that does not stream.
   */
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
