import type { Clock } from "../../clock.ts";
import { within } from "../../deadline.ts";
import type { EventFeed } from "../../events.ts";
import { headerFields } from "../../message/headers.ts";
import type { NextOptions } from "../../reader.ts";
import type { Message } from "../../message/message.ts";
import { checkSent, LONGEST_VALIDATION, type Schema } from "../../message/schema.ts";
import { checkOptions, signal } from "../../options.ts";
import { asError, shortened } from "../../legible.ts";
import { handled, SENT } from "../../promises.ts";
import { readableOf } from "../../queue.ts";
import type { Channel } from "./channel.ts";
import type { LinkEnd } from "../link_error.ts";
import type { LinkContext } from "./link_context.ts";
import type { SendOptions, Session, SessionState } from "../session.ts";
import { writableOf } from "./web_streams.ts";

/**
 * How long a served session goes on when its broker stops and its handler ignores that, in milliseconds: the peer may
 * still have something to send.
 */
const SERVED_PATIENCE = 500;

/** A session: a channel, with the peer's first message. */
export class LinkSession implements Session {
  readonly opening: Message;
  readonly #channel: Channel;
  readonly #feed: EventFeed;
  readonly #clock: Clock;
  /** How many messages failed in this turn. */
  #unsentCount = 0;
  readonly #sendSchema: Schema | undefined;
  readonly #selfWait: (() => void) | undefined;
  #writable: WritableStream | undefined;

  /**
   * The handler of a served session may wait for the end of the session, which waits for the handler: `selfWait` is
   * called then.
   */
  constructor(
    channel: Channel,
    opening: Message,
    sendSchema: Schema | undefined,
    { clock, feed }: Pick<LinkContext, "clock" | "feed">,
    selfWait?: () => void,
  ) {
    this.#feed = feed;
    this.#clock = clock;
    this.#channel = channel;
    this.#selfWait = selfWait;
    if (selfWait) channel.allowShutdown(SERVED_PATIENCE);
    this.opening = opening;
    this.#sendSchema = sendSchema;
  }

  get subject(): string {
    return this.#channel.subject;
  }

  get params(): Readonly<Record<string, string>> {
    return this.opening.params;
  }

  get correlationId(): string {
    return this.#channel.correlationId;
  }

  get state(): SessionState {
    const { life: { state }, ending } = this.#channel;
    if (ending) return "closed";
    return state === "paused" ? "paused" : "open";
  }

  get closed(): Promise<LinkEnd> {
    if (this.#selfWait) this.#channel.onStalled(this.#selfWait);
    return this.#channel.closed;
  }

  get signal(): AbortSignal {
    return this.#channel.signal;
  }

  get draining(): AbortSignal {
    return this.#channel.drained;
  }

  get readable(): ReadableStream {
    return readableOf(this, () => this.#channel);
  }

  /** Always 0: the peer sends no more than there is room for. */
  get dropped(): number {
    return 0;
  }

  get writable(): WritableStream {
    return this.#writable ??= writableOf(this.#channel, (body) => this.send(body));
  }

  send(body: unknown, options?: SendOptions): Promise<void> {
    const schema = this.#sendSchema;
    const sent = !schema && !options
      ? this.#channel.send(body)
      : this.#sendChecked(schema, body, options);
    return sent === SENT ? sent : handled(sent, (error) => this.#unsent(error, options?.signal));
  }

  /** Reports messages that failed, once per turn, awaited or not; those that this side has cancelled are no errors. */
  #unsent(cause: unknown, signal: AbortSignal | undefined): void {
    if (this.#channel.hasClosed || signal?.aborted) return;
    if (this.#unsentCount++ > 0) return;
    queueMicrotask(() => {
      const count = this.#unsentCount;
      this.#unsentCount = 0;
      const { subject, correlationId } = this;
      const sentence = `${count} messages could not be sent to "${shortened(subject)}"`;
      const whole = asError(cause, "A schema threw");
      const error = count === 1 ? whole : new Error(`${sentence}: ${whole.message}`, { cause });
      this.#feed.emit({ type: "error", error, subject, correlationId });
    });
  }

  next(options?: NextOptions): Promise<Message | undefined> {
    return handled(this.#channel.next(options));
  }

  end(): Promise<void> {
    return handled(this.#channel.end());
  }

  close(): Promise<void> {
    return handled(this.#channel.close());
  }

  abort(reason?: unknown): void {
    this.#channel.cancel(reason);
  }

  [Symbol.asyncIterator](): AsyncIterator<Message> {
    return this.#channel.iterate(this.#selfWait !== undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The text for logs: it shows the getters, which a log would otherwise omit. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { params, correlationId, state } = this;
    return `Session ${
      inspect({ subject: shortened(this.subject), params, correlationId, state }, how)
    }`;
  }

  async #sendChecked(
    schema: Schema | undefined,
    body: unknown,
    options: SendOptions | undefined,
  ): Promise<void> {
    checkOptions("send", options, { headers: headerFields, signal });
    options?.signal?.throwIfAborted();
    // only where the schema needs a promise may a later message overtake this one
    const valid = schema && checkSent(schema, body);
    if (valid) {
      const clock = this.#clock;
      const patience = { clock, timeout: LONGEST_VALIDATION, signal: options?.signal };
      await within(valid, patience, "validate a body", this.subject);
    }
    await this.#channel.send(body, options?.headers, options?.signal);
  }
}
