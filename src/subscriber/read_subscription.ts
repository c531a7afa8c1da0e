import { type InboxEnd, type InboxSettings, inboxSettings } from "../inbox/inbox.ts";
import type { Schema } from "../message/schema.ts";
import type { NextOptions } from "../reader.ts";
import { SubscribedInbox } from "../inbox/subscribed_inbox.ts";
import { type Message, ReceivedMessage } from "../message/message.ts";
import { Pattern } from "../subject/subject.ts";
import { handled } from "../promises.ts";
import { iteratorOf, readableOf } from "../queue.ts";
import type { Scope } from "../source/context.ts";
import type { ReadSubscriber } from "./subscriber.ts";
import type { SubscriberSettings } from "./subscriber_options.ts";

/** An inbox on a public subject, optionally in a queue group. */
export class ReadSubscription implements ReadSubscriber {
  readonly #text: string;
  readonly #settings: SubscriberSettings;
  readonly #scope: Scope<ReadSubscription>;
  /** The last inbox; the program can still read its waiting messages after a stop. */
  #inbox: SubscribedInbox | undefined;
  #starting: Promise<this> | undefined;
  #wasStarted = false;
  /** Checks the bodies. */
  readonly schema: Schema | undefined;
  #closed = Promise.withResolvers<InboxEnd>();
  #isClosed = false;

  constructor(
    text: string,
    settings: SubscriberSettings,
    schema: Schema | undefined,
    scope: Scope<ReadSubscription>,
  ) {
    this.schema = schema;
    this.#text = text;
    this.#settings = settings;
    this.#scope = scope;
  }

  get pattern(): string {
    return this.#scope.prefix + this.#text;
  }

  get subject(): string {
    return new Pattern(this.pattern).subject;
  }

  /** The subjects that the broker subscribes to for it. */
  get served(): readonly string[] {
    return [this.subject];
  }

  /** The queue group that its options name, if any. */
  get queue(): string | undefined {
    return this.#settings.queue;
  }

  /** Whether the program has ever started it. */
  get wasStarted(): boolean {
    return this.#wasStarted;
  }

  get dropped(): number {
    return this.#inbox?.dropped ?? 0;
  }

  get closed(): Promise<InboxEnd> {
    return this.#closed.promise;
  }

  /** Of each start another one, as a Web Stream that has ended stays so. */
  get readable(): ReadableStream {
    return readableOf(this.#inbox ?? {}, () => {
      const messages = this[Symbol.asyncIterator]();
      return {
        next: async () => (await messages.next()).value,
        cancel: () => messages.return!(),
      };
    });
  }

  /** Subscribes once for concurrent calls, as `stop()` could not end a second subscription. */
  start(): Promise<this> {
    return handled(Promise.try(() => this.#start()));
  }

  #start(): Promise<this> {
    this.#scope.join(this);
    if (this.#starting) return this.#starting;
    this.#wasStarted = true;
    const starting = this.#starting = this.#open();
    starting.catch(() => {
      if (this.#starting === starting) this.#starting = undefined;
    });
    return starting;
  }

  stop(): Promise<void> {
    const left = this.#end("cancelled");
    this.#scope.leave(this, left);
    return left;
  }

  /** The broker stops: takes no new messages; the program can still read waiting ones. */
  drain(): Promise<void> {
    return this.#end("connection");
  }

  #end(reason: InboxEnd): Promise<void> {
    this.#starting = undefined;
    this.#inbox?.stop(reason);
    this.#close(reason);
    return Promise.resolve();
  }

  #close(reason: InboxEnd): void {
    this.#isClosed = true;
    this.#closed.resolve(reason);
  }

  next(options?: NextOptions): Promise<Message | undefined> {
    if (this.#inbox) return this.#inbox.next(options);
    return handled(Promise.reject(
      new TypeError(`Cannot read "${this.pattern}" as it must be started: call start() first`),
    ));
  }

  /** Leaving the loop ends only its own wait, as others may read too. */
  [Symbol.asyncIterator](): AsyncIterator<Message> {
    const leaving = new AbortController();
    const { signal } = leaving;
    const next = async (): Promise<Message | undefined> => {
      if (signal.aborted) return undefined;
      try {
        return await this.next({ signal });
      } catch (error) {
        if (error === signal.reason) return undefined;
        throw error;
      }
    };
    return iteratorOf(next, () => leaving.abort());
  }

  /** The text for logs: it shows the getters, which a log would otherwise omit. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { pattern, queue, dropped } = this;
    return `Subscriber ${inspect({ pattern, queue, dropped }, how)}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #open(): Promise<this> {
    const { context } = this.#scope;
    const { queue, addresses: { reception } } = context;
    const pattern = new Pattern(this.pattern);
    const { schema } = this;
    const settings: InboxSettings = {
      ...inboxSettings({ maxPending: this.#settings.bounds, overflow: "drop-oldest" }),
      schema,
      queue: this.#settings.queue ?? queue,
      receive: (packet) =>
        new ReceivedMessage(packet, {
          ...reception,
          params: pattern.read(packet.subject),
          pattern: pattern.text,
        }),
    };
    if (this.#isClosed) this.#closed = Promise.withResolvers();
    this.#isClosed = false;
    // set before the inbox is ready, so that a stop() meanwhile finds it
    const inbox = this.#inbox = new SubscribedInbox(context, pattern.subject, settings);
    // subscriptions end with the connection, and the next connection needs new ones
    inbox.closed.then((reason) => {
      if (this.#inbox !== inbox) return;
      this.#starting = undefined;
      this.#close(reason);
    });
    try {
      await inbox.ready();
    } catch (error) {
      if (this.#inbox === inbox) this.#inbox = undefined;
      throw error;
    }
    return this;
  }
}
