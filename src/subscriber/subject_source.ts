import type { MessageSink, ServerSubscription } from "../connection/connection.ts";
import { ReplyError } from "../errors.ts";
import { ERROR_CODES } from "../message/reply.ts";
import { copyRawMessage, type Delivery, type RawMessage } from "../message/raw_message.ts";
import { isAsyncIterable, isThenable } from "../promises.ts";
import { RefusedReplies } from "../replies/refusals.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";
import type { BrokerContext } from "../source/context.ts";
import {
  type Needs,
  type OpenSource,
  type Outcome,
  type PartCheck,
  SHUTTING_DOWN,
  type Sink,
  type SourceDriver,
} from "../source/source.ts";
import { Pattern } from "../subject/subject.ts";
import type { Origin } from "./handled_subscription.ts";
import { Replier } from "./replier.ts";
import { RequestInvocation } from "./request_invocation.ts";
import type { Streaming } from "./streaming.ts";
import type { SubscriberSettings } from "./subscriber_options.ts";

/** Where a handler of a subject is registered. */
export function subjectOrigin(text: string, settings: SubscriberSettings): Origin {
  return { key: text, within: (prefix) => new SubjectSource(prefix, text, settings) };
}

/** A subject of the core: subscribes to its messages, and settles them by replies. */
export class SubjectSource implements SourceDriver<BrokerContext> {
  /** With the prefix of its routers. */
  readonly pattern: string;
  readonly #settings: SubscriberSettings;
  readonly #parsed: Pattern;
  /** Where it publishes values in addition to the reply. */
  readonly #publishTo: readonly Pattern[];
  #refused: RefusedReplies | undefined;

  constructor(prefix: string, text: string, settings: SubscriberSettings) {
    const { publishTo } = settings;
    this.pattern = prefix + text;
    this.#settings = settings;
    this.#parsed = new Pattern(this.pattern);
    this.#publishTo = prefix === ""
      ? publishTo
      : publishTo.map(({ text }) => new Pattern(prefix + text));
  }

  get needs(): Needs {
    const { queue, noReply } = this.#settings;
    return {
      publish: this.#publishTo.map(({ subject }) => subject),
      subscribe: [{ subject: this.#parsed.subject, queue }],
      answers: !noReply,
    };
  }

  /** Messages that were not handled, as their reply addresses are not permitted. */
  get dropped(): number {
    return this.#refused?.count ?? 0;
  }

  open(sink: Sink, context: BrokerContext): OpenSubject {
    this.#refused ??= new RefusedReplies(context.feed, this.pattern);
    const replier = new Replier({
      publishTo: this.#publishTo,
      noReply: this.#settings.noReply,
      sender: context.sender,
      report: (error, invocation) => sink.report(error, invocation),
    });
    const { queue = context.queue } = this.#settings;
    const open = new OpenSubject(sink, context, {
      pattern: this.#parsed,
      settings: this.#settings,
      replier,
      refused: this.#refused,
    });
    open.subscribe(queue);
    return open;
  }
}

interface SubjectParts {
  readonly pattern: Pattern;
  readonly settings: SubscriberSettings;
  readonly replier: Replier;
  readonly refused: RefusedReplies;
}

/** A subject that a broker subscribes to. */
class OpenSubject implements OpenSource<RequestInvocation>, MessageSink {
  readonly retryRefused = true;
  readonly #sink: Sink;
  readonly #context: BrokerContext;
  readonly #pattern: Pattern;
  readonly #settings: SubscriberSettings;
  readonly #replier: Replier;
  /** Decides where its answers may go. */
  readonly #addresses: ReplyAddresses | undefined;
  readonly #refused: RefusedReplies;
  #subscription: ServerSubscription | undefined;
  /** Why the server refused the subscription; known once the connection is flushed. */
  #refusal: Error | undefined;
  #streaming: Streaming | undefined;

  constructor(sink: Sink, context: BrokerContext, parts: SubjectParts) {
    this.#sink = sink;
    this.#context = context;
    this.#pattern = parts.pattern;
    this.#settings = parts.settings;
    this.#replier = parts.replier;
    this.#refused = parts.refused;
    this.#addresses = parts.settings.noReply ? undefined : context.addresses;
  }

  /** Subscribes; the server has it once the connection is flushed. */
  subscribe(queue: string | undefined): void {
    const { connection } = this.#context;
    this.#subscription = connection.subscribe(this.#pattern.subject, this, queue);
    // a handler of streams or sessions must not wait for its code once a message is there
    if (this.#mayUpgrade) void this.#load().catch(() => {});
  }

  take(raw: RawMessage): void {
    if (!this.#addresses || this.#addresses.permits(raw)) return this.#sink.take(raw);
    this.#refused.report(raw);
  }

  refused(error: Error): void {
    this.#refusal = error;
  }

  restored(): void {
    this.#refusal = undefined;
  }

  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  ready(): void | Promise<void> {
    if (this.#refusal) throw this.#refusal;
    if (this.#mayUpgrade && !this.#streaming) return this.#load().then(() => {});
  }

  async stop(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    await subscription?.drain();
  }

  cancel(): void {
    this.#subscription?.unsubscribe();
  }

  invoke(delivery: Delivery, arrived: number): RequestInvocation {
    const raw = delivery as RawMessage;
    const kept = this.#mayUpgrade ? copyRawMessage(raw) : raw;
    const pattern = this.#pattern;
    const params = pattern.read(raw.subject);
    const context = this.#context;
    return new RequestInvocation(kept, params, arrived, context.stopping(), context, pattern.text);
  }

  ignoresRefusal(delivery: Delivery): boolean {
    return (delivery as RawMessage).replyTo === "";
  }

  /** Takes a place for a stream or a session; returns a promise only if it has to wait. */
  admit(invocation: RequestInvocation): unknown {
    if (!this.#mayUpgrade) return;
    const streaming = this.#streaming;
    const taken = streaming ? streaming.seats.take(invocation) : this.#seat(invocation);
    return isThenable(taken)
      ? Promise.resolve(taken).then(() => checkOpen(invocation))
      : checkOpen(invocation);
  }

  settle(invocation: RequestInvocation, outcome: Outcome): unknown {
    const replier = this.#replier;
    if (outcome.kind === "failed") return replier.fail(invocation, outcome.error);
    if (outcome.kind === "refused") return replier.refuse(invocation, outcome.error);
    const { value } = outcome;
    if (invocation.isUpgraded) return this.#streaming!.finish(invocation, value);
    if (isAsyncIterable(value)) return this.#streamAll(invocation, value);
    return replier.reply(invocation, value);
  }

  stream(
    invocation: RequestInvocation,
    parts: AsyncIterable<unknown>,
    check: PartCheck | undefined,
  ): Promise<void> {
    const streaming = this.#streaming;
    if (streaming) return streaming.stream(invocation, parts, check);
    return this.#load().then((loaded) => loaded.stream(invocation, parts, check));
  }

  finish(invocation: RequestInvocation): Promise<void> | undefined {
    if (invocation.failure && invocation.plainLeft) this.#streaming!.endPlain(invocation, 1);
    return invocation.replyTo === "" ? undefined : this.#context.sender.room();
  }

  expire(error: Error, late: Error): void {
    this.#replier.expire(error, late);
  }

  get #mayUpgrade(): boolean {
    return this.#sink.serves !== "values";
  }

  async #seat(invocation: RequestInvocation): Promise<void> {
    const { seats } = await this.#load();
    await seats.take(invocation);
  }

  /** Sends the parts that a middleware gives in place of a value. */
  async #streamAll(invocation: RequestInvocation, parts: AsyncIterable<unknown>): Promise<void> {
    await this.stream(invocation, parts, undefined);
    await this.#streaming!.finish(invocation);
  }

  /** Loads the code of streams and sessions, which most programs do without. */
  async #load(): Promise<Streaming> {
    const { Streaming } = await import("./streaming.ts");
    return this.#streaming ??= new Streaming(this.#context, {
      pattern: this.#pattern.text,
      what: this.#sink.serves === "sessions" ? "sessions" : "streams",
      settings: this.#settings,
      replier: this.#replier,
      sink: this.#sink,
    });
  }
}

function checkOpen(invocation: RequestInvocation): void {
  if (invocation.replyTo === "" || invocation.isOpen) return;
  throw new ReplyError(ERROR_CODES.unavailable, SHUTTING_DOWN);
}
