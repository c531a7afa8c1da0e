import { Backlog } from "../backlog.ts";
import type { Connection, Interest, Taker } from "../connection/connection.ts";
import type { EventFeed } from "../connection/events.ts";
import { within } from "../deadline.ts";
import type { Message } from "../message/message.ts";
import { keep, type Packet, sizeOf } from "../message/packet.ts";
import { checkOptions, milliseconds, signal } from "../options.ts";
import type { Inbox, InboxEnd, NextOptions } from "./inbox.ts";
import type { InboxSettings } from "./inbox_options.ts";

type Reader = (packet: Packet | undefined) => void;

const NEXT_RULES = { timeout: milliseconds, signal };

/** An inbox with a subscription of its own on the server, gone as soon as the inbox has ended. */
export class SubscribedInbox implements Inbox, Taker {
  readonly subject: string;
  readonly closed: Promise<InboxEnd>;
  readonly #settings: InboxSettings;
  readonly #feed: EventFeed;
  readonly #backlog = new Backlog<Packet>();
  readonly #readers = new Set<Reader>();
  readonly #refused = Promise.withResolvers<never>();
  readonly #interest: Interest;
  readonly #deaf: () => void;
  #told!: (reason: InboxEnd) => void;
  #ended = false;
  #taken = 0;
  #dropped = 0;
  #heard = performance.now();
  #idle: ReturnType<typeof setTimeout> | undefined;

  private constructor(
    connection: Connection,
    feed: EventFeed,
    subject: string,
    settings: InboxSettings,
  ) {
    this.subject = subject;
    this.closed = new Promise((resolve) => this.#told = resolve);
    this.#settings = settings;
    this.#feed = feed;
    this.#refused.promise.catch(() => {});
    this.#interest = connection.subscribe(subject, this, settings.queue);
    this.#deaf = feed.listen((event) => event.type === "closed" && this.#end("connection"));
    settings.signal?.addEventListener("abort", this.#abort, { once: true });
    if (settings.idleTimeout !== undefined) this.#watchIdle(settings.idleTimeout);
  }

  /** Subscribes, and resolves once the server has the subscription: nothing sent from then on is missed. */
  static async open(
    connection: Connection,
    feed: EventFeed,
    subject: string,
    settings: InboxSettings,
  ): Promise<Inbox> {
    const { signal } = settings;
    signal?.throwIfAborted();
    const inbox = new SubscribedInbox(connection, feed, subject, settings);
    const flushed = connection.flush({ signal }, `open an inbox at "${subject}"`);
    try {
      await Promise.race([flushed, inbox.#refused.promise]);
    } catch (error) {
      inbox.#end("closed");
      throw error;
    }
    return inbox;
  }

  get dropped(): number {
    return this.#dropped;
  }

  async next(options: NextOptions = {}): Promise<Message | undefined> {
    checkOptions("wait for a message", options, NEXT_RULES);
    options.signal?.throwIfAborted();
    const packet = this.#backlog.shift() ?? await this.#wait(options);
    return packet && this.#settings.receive(packet);
  }

  close(): Promise<void> {
    this.#dropped += this.#backlog.length;
    this.#backlog.clear();
    this.#end("closed");
    return Promise.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Message> {
    try {
      for (let message; (message = await this.next());) yield message;
    } finally {
      await this.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return this.subject;
  }

  take(packet: Packet): void {
    if (this.#ended) return;
    this.#heard = performance.now();
    const [reader] = this.#readers;
    if (reader) reader(packet);
    else this.#store(packet);
    if (++this.#taken >= this.#settings.max) this.#end("max");
  }

  refused(error: Error): void {
    this.#refused.reject(error);
    this.#end("connection");
  }

  async #wait({ timeout, signal }: NextOptions): Promise<Packet | undefined> {
    if (this.#ended) return undefined;
    const { promise, resolve } = Promise.withResolvers<Packet | undefined>();
    const reader: Reader = (packet) => {
      this.#readers.delete(reader);
      resolve(packet);
    };
    this.#readers.add(reader);
    try {
      return await within(promise, { timeout, signal }, "read an inbox", this.subject);
    } finally {
      this.#readers.delete(reader);
    }
  }

  #store(packet: Packet): void {
    const { bounds, overflow } = this.#settings;
    const size = sizeOf(packet);
    if (this.#backlog.fits(size, bounds)) return this.#backlog.push(keep(packet), size);
    this.#dropped++;
    if (overflow === "drop-oldest") {
      this.#backlog.shift();
      while (!this.#backlog.fits(size, bounds)) {
        this.#backlog.shift();
        this.#dropped++;
      }
      this.#backlog.push(keep(packet), size);
    }
    const { subject, dropped } = this;
    this.#feed.emit({ type: "slowConsumer", subject, dropped });
    if (overflow === "close") this.#end("overflow");
  }

  #end(reason: InboxEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#idle);
    this.#interest.unsubscribe();
    this.#deaf();
    this.#settings.signal?.removeEventListener("abort", this.#abort);
    for (const reader of this.#readers) reader(undefined);
    this.#told(reason);
  }

  readonly #abort = () => this.#end("aborted");

  /** One timer that looks when the last message came, rather than a new timer for every message. */
  #watchIdle(wait: number): void {
    this.#idle = setTimeout(() => {
      const left = this.#heard + this.#settings.idleTimeout! - performance.now();
      if (left > 1) this.#watchIdle(left);
      else this.#end("idle");
    }, wait);
  }
}
