import type { Inbox, NextOptions } from "../inbox/inbox.ts";
import { type InboxSettings, inboxSettings } from "../inbox/inbox_options.ts";
import { SubscribedInbox } from "../inbox/subscribed_inbox.ts";
import { type Message, ReceivedMessage } from "../message/message.ts";
import { Pattern } from "../subject/pattern.ts";
import type { Binding } from "./binding.ts";
import type { ReadSubscriber } from "./subscriber.ts";
import type { SubscriberSettings } from "./subscriber_options.ts";

/** An inbox at a subject that is not private, in a queue group if need be. */
export class Reading implements ReadSubscriber {
  readonly #text: string;
  readonly #settings: SubscriberSettings;
  readonly #bind: () => Binding;
  readonly #prefix: () => string;
  #inbox: Inbox | undefined;

  constructor(
    text: string,
    settings: SubscriberSettings,
    bind: () => Binding,
    prefix: () => string,
  ) {
    this.#text = text;
    this.#settings = settings;
    this.#bind = bind;
    this.#prefix = prefix;
  }

  get pattern(): string {
    return this.#prefix() + this.#text;
  }

  get subject(): string {
    return new Pattern(this.pattern).subject;
  }

  get dropped(): number {
    return this.#inbox?.dropped ?? 0;
  }

  async start(): Promise<this> {
    if (this.#inbox) return this;
    const { connection, feed, queue } = this.#bind();
    const pattern = new Pattern(this.pattern);
    const settings: InboxSettings = {
      ...inboxSettings({ maxPending: this.#settings.bounds, overflow: "drop-oldest" }),
      queue: this.#settings.queue ?? queue,
      receive: (packet) => new ReceivedMessage(packet, { params: pattern.read(packet.subject) }),
    };
    this.#inbox = await SubscribedInbox.open(connection, feed, pattern.subject, settings);
    return this;
  }

  async stop(): Promise<void> {
    const inbox = this.#inbox;
    this.#inbox = undefined;
    await inbox?.close();
  }

  next(options?: NextOptions): Promise<Message | undefined> {
    if (this.#inbox) return this.#inbox.next(options);
    return Promise.reject(
      new TypeError(`Cannot read "${this.pattern}" as it must be started: call start() first`),
    );
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Message> {
    for (let message; (message = await this.next());) yield message;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
