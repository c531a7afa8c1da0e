import { asMilliseconds } from "../duration.ts";
import type { Clock, Timer } from "../clock.ts";
import { iteratorOf, Queue, readableOf } from "../queue.ts";
import type { Connection, MessageSink, ServerSubscription } from "../connection/connection.ts";
import type { BrokerEvent, EventFeed, EventListener } from "../events.ts";
import { InvalidSubjectError } from "../errors.ts";
import { type Message, ReceivedMessage } from "../message/message.ts";
import { type Schema, SlowChecks, validate } from "../message/schema.ts";
import { copyRawMessage, heldSize, type RawMessage } from "../message/raw_message.ts";
import { checkOptions, NEXT_RULES } from "../options.ts";
import type { OwnInbox, ReplyAddresses } from "../replies/reply_addresses.ts";
import { handled } from "../promises.ts";
import { shortened } from "../legible.ts";
import type { NextOptions } from "../reader.ts";
import type { Inbox, InboxEnd, InboxSettings } from "./inbox.ts";

/** How many subjects an inbox remembers to which the program has published with the inbox as the reply address. */
const MOST_ASKED = 1_024;

/** The parts of a broker that inboxes and requests go over; `Used` is what they use of the connection. */
export interface InboxContext<Used = Connection> {
  readonly clock: Clock;
  readonly connection: Used;
  readonly feed: EventFeed;
  /** Where the program may answer the messages it reads. */
  readonly addresses: ReplyAddresses;
}

type ConnectionUse = Pick<Connection, "subscribe" | "flush">;

/** An inbox with its own subscription on the server, which ends with the inbox. */
export class SubscribedInbox implements Inbox, MessageSink, EventListener, OwnInbox {
  readonly subject: string;
  readonly #context: InboxContext<ConnectionUse>;
  readonly #settings: InboxSettings;
  /** The subjects to which the program has published with this inbox as the reply address. */
  #asked: Set<string> | undefined;
  readonly #unread = new Queue<RawMessage>();
  readonly #subscription: ServerSubscription;
  readonly #abort: (() => void) | undefined;
  /** Made on first use, to save memory. */
  #closed: PromiseWithResolvers<InboxEnd> | undefined;
  /** Made for the first asynchronous schema, to save memory. */
  #checks: SlowChecks<Message> | undefined;
  #refusal: PromiseWithResolvers<never> | undefined;
  #reason: InboxEnd | undefined;
  #count = 0;
  #dropped = 0;
  #lastArrival: number;
  #idleTimer: Timer | undefined;

  /** Subscribes; also takes messages that arrive before {@linkcode ready} resolves. */
  constructor(
    context: InboxContext<ConnectionUse>,
    subject: string,
    settings: InboxSettings,
  ) {
    const { clock, connection, feed, addresses } = context;
    this.subject = subject;
    this.#context = context;
    this.#settings = settings;
    this.#lastArrival = clock.now();
    this.#subscription = connection.subscribe(subject, this, settings.queue);
    addresses.open(subject, this);
    feed.add(this);
    if (settings.signal) {
      this.#abort = () => this.#end("cancelled");
      settings.signal.addEventListener("abort", this.#abort, { once: true });
    }
    if (settings.idleTimeout !== undefined) this.#watchIdle(settings.idleTimeout);
  }

  /** Subscribes, and resolves once the server has the subscription: the inbox gets every message sent from then on. */
  static async open(
    context: InboxContext<ConnectionUse>,
    subject: string,
    settings: InboxSettings,
  ): Promise<Inbox> {
    settings.signal?.throwIfAborted();
    const inbox = new SubscribedInbox(context, subject, settings);
    await inbox.ready();
    return inbox;
  }

  /**
   * Resolves once the server has the subscription.
   *
   * @throws {PermissionError} and ends the inbox
   * @throws {ConnectionError} and ends the inbox
   */
  async ready(): Promise<void> {
    const { signal } = this.#settings;
    const flushed = this.#context.connection.flush(
      { signal },
      `open an inbox at "${this.subject}"`,
    );
    this.#refusal = Promise.withResolvers();
    try {
      await Promise.race([flushed, this.#refusal.promise]);
    } catch (error) {
      this.#end("cancelled");
      throw error;
    } finally {
      this.#refusal = undefined;
    }
  }

  get closed(): Promise<InboxEnd> {
    if (this.#reason) return Promise.resolve(this.#reason);
    return (this.#closed ??= Promise.withResolvers()).promise;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get readable(): ReadableStream {
    return readableOf(this, () => ({ next: () => this.#next({}), cancel: () => this.close() }));
  }

  next(options: NextOptions = {}): Promise<Message | undefined> {
    return handled(this.#next(options));
  }

  async #next(options: NextOptions): Promise<Message | undefined> {
    checkOptions("wait for a message", options, NEXT_RULES);
    options.signal?.throwIfAborted();
    const { receive, schema } = this.#settings;
    const until = schema &&
      this.#context.clock.now() + (asMilliseconds(options.timeout) ?? Infinity);
    const late = this.#checks?.shift();
    if (late) return await this.#checks!.wait(late, until!, options);
    const packet = this.#unread.shift() ?? await this.#wait(options);
    if (!packet) return undefined;
    const message = receive
      ? receive(packet)
      : new ReceivedMessage(packet, this.#context.addresses.reception);
    return schema ? await this.#checked(schema, message, until!, options) : message;
  }

  #checked(
    schema: Schema,
    message: ReceivedMessage,
    until: number,
    options: NextOptions,
  ): Message | Promise<Message | undefined> {
    const valid = validate(schema, message.body);
    if (!(valid instanceof Promise)) return message.withBody(valid);
    const checks = this.#checks ??= new SlowChecks(
      this.#context.clock,
      "read an inbox",
      this.subject,
    );
    const check = checks.begin(valid.then((body) => message.withBody(body)));
    return checks.wait(check, until, options);
  }

  close(): Promise<void> {
    this.#unread.clear();
    this.#checks?.cancel();
    this.stop();
    return Promise.resolve();
  }

  asking(subject: string): void {
    this.#asked ??= new Set();
    // keep the latest last; a program that asks more subjects at a time opens an inbox for each
    this.#asked.delete(subject);
    this.#asked.add(subject);
    if (this.#asked.size > MOST_ASKED) this.#asked.delete(this.#asked.values().next().value!);
  }

  hasAsked({ subject, replyTo }: RawMessage): boolean {
    return replyTo === this.subject && this.#asked?.has(subject) === true;
  }

  /** Ends; the program can still read waiting messages. */
  stop(reason: InboxEnd = "cancelled"): void {
    this.#end(reason);
  }

  [Symbol.asyncIterator](): AsyncIterator<Message> {
    return iteratorOf(() => this.#next({}), () => this.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return this.subject;
  }

  /** The text for logs. It shortens the subject, as a reader who knows the whole subject could write to the inbox. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { dropped } = this;
    return `Inbox ${inspect({ subject: shortened(this.subject), dropped }, how)}`;
  }

  take(packet: RawMessage): void {
    if (this.#reason) return;
    this.#lastArrival = this.#context.clock.now();
    if (!this.#unread.hand(packet) && !this.#store(packet)) return;
    if (++this.#count >= this.#settings.max) this.#end("max");
  }

  /**
   * An inbox that the server had accepted stays open, as in an outage: the broker subscribes again, and the subject
   * stays the same for its senders.
   */
  refused(error: Error): void {
    // retrying does not help a subject that is too long for the server's lines
    if (!this.#refusal && !(error instanceof InvalidSubjectError)) return;
    this.#refusal?.reject(error);
    this.#end("connection");
  }

  get retryRefused(): boolean {
    return this.#reason === undefined;
  }

  notice(event: BrokerEvent): void {
    if (event.type === "closed") this.#end("connection");
  }

  #wait({ timeout: given, signal }: NextOptions): Promise<RawMessage | undefined> {
    const timeout = asMilliseconds(given);
    const { clock } = this.#context;
    // a timer of Infinity would fire at once
    const patience = { clock, timeout: timeout === Infinity ? undefined : timeout, signal };
    return this.#unread.wait(patience, "read an inbox", this.subject);
  }

  /** Stores the message; returns whether it did. */
  #store(packet: RawMessage): boolean {
    const { bounds, overflow } = this.#settings;
    const size = heldSize(packet);
    const fits = this.#unread.fits(size, bounds);
    const isKept = fits || overflow === "drop-oldest";
    if (!fits && isKept) this.#makeRoom(size);
    if (isKept) this.#unread.push(copyRawMessage(packet), size);
    else this.#dropped++;
    if (fits) return true;
    const { subject, dropped } = this;
    this.#context.feed.emit({ type: "slowConsumer", subject, dropped });
    if (overflow === "close") this.#end("overflow");
    return isKept;
  }

  /** Drops a message to make room; that message no longer counts towards `max`, as nobody will read it. */
  #makeRoom(size: number): void {
    while (!this.#unread.fits(size, this.#settings.bounds)) {
      this.#unread.shift();
      this.#dropped++;
      this.#count--;
    }
  }

  #end(reason: InboxEnd): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#idleTimer?.clear();
    this.#subscription.unsubscribe();
    this.#context.addresses.close(this.subject);
    this.#context.feed.remove(this);
    if (this.#abort) this.#settings.signal?.removeEventListener("abort", this.#abort);
    this.#unread.end();
    this.#closed?.resolve(reason);
  }

  /** Uses one timer that checks the time of the last message, instead of a new timer for every message. */
  #watchIdle(wait: number): void {
    this.#idleTimer = this.#context.clock.setTimeout(() => {
      const remaining = this.#lastArrival + this.#settings.idleTimeout! - this.#context.clock.now();
      if (remaining > 1) this.#watchIdle(remaining);
      else this.#end("idle");
    }, wait);
  }
}
