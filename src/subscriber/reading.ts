import type { NextOptions } from "../inbox/inbox.ts";
import { type InboxSettings, inboxSettings } from "../inbox/inbox_options.ts";
import { SubscribedInbox } from "../inbox/subscribed_inbox.ts";
import { type Message, ReceivedMessage } from "../message/message.ts";
import { Pattern } from "../subject/pattern.ts";
import { handled } from "../thenable.ts";
import type { Place } from "./binding.ts";
import type { ReadSubscriber } from "./subscriber.ts";
import type { SubscriberSettings } from "./subscriber_options.ts";

/** An inbox at a subject that is not private, in a queue group if need be. */
export class Reading implements ReadSubscriber {
  readonly #text: string;
  readonly #settings: SubscriberSettings;
  readonly #place: Place;
  /** The last one, as what waited when it stopped can still be read. */
  #inbox: SubscribedInbox | undefined;
  #starting: Promise<this> | undefined;
  #wasStarted = false;

  constructor(text: string, settings: SubscriberSettings, place: Place) {
    this.#text = text;
    this.#settings = settings;
    this.#place = place;
  }

  get pattern(): string {
    return this.#place.prefix + this.#text;
  }

  get subject(): string {
    return new Pattern(this.pattern).subject;
  }

  /** The queue group, if it names one. */
  get queue(): string | undefined {
    return this.#settings.queue;
  }

  /** Whether the program has ever asked it to listen. */
  get wasStarted(): boolean {
    return this.#wasStarted;
  }

  get dropped(): number {
    return this.#inbox?.dropped ?? 0;
  }

  /** Once, however often it is asked for at a time: a second subscription would be out of reach of `stop()`. */
  start(): Promise<this> {
    return handled(Promise.try(() => this.#start()));
  }

  #start(): Promise<this> {
    this.#place.join();
    if (this.#starting) return this.#starting;
    this.#wasStarted = true;
    const starting = this.#starting = this.#open();
    starting.catch(() => {
      if (this.#starting === starting) this.#starting = undefined;
    });
    return starting;
  }

  stop(): Promise<void> {
    const left = this.leave();
    this.#place.leave(left);
    return left;
  }

  /** Takes in nothing new; what waits can still be read. */
  leave(): Promise<void> {
    this.#starting = undefined;
    this.#inbox?.leave();
    return Promise.resolve();
  }

  next(options?: NextOptions): Promise<Message | undefined> {
    if (this.#inbox) return this.#inbox.next(options);
    return handled(Promise.reject(
      new TypeError(`Cannot read "${this.pattern}" as it must be started: call start() first`),
    ));
  }

  /**
   * Leaving the loop ends its own wait alone, as others may read as well. Written out, as a generator's `return()`
   * would wait for the message that is being waited for.
   */
  [Symbol.asyncIterator](): AsyncIterator<Message> {
    const leaving = new AbortController();
    const { signal } = leaving;
    const done = { done: true, value: undefined } as const;
    const next = async (): Promise<IteratorResult<Message>> => {
      if (signal.aborted) return done;
      try {
        const value = await this.next({ signal });
        return value ? { done: false, value } : done;
      } catch (error) {
        if (error === signal.reason) return done;
        throw error;
      }
    };
    return {
      next: () => handled(next()),
      return: () => {
        leaving.abort();
        return Promise.resolve(done);
      },
    };
  }

  /** What a log shows: the getters, which are no fields. */
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
    const { queue, ways } = this.#place.bind();
    const { addresses } = ways;
    const pattern = new Pattern(this.pattern);
    const settings: InboxSettings = {
      ...inboxSettings({ maxPending: this.#settings.bounds, overflow: "drop-oldest" }),
      queue: this.#settings.queue ?? queue,
      receive: (packet) =>
        new ReceivedMessage(packet, { params: pattern.read(packet.subject), addresses }),
    };
    // at hand before it is ready, for a stop() in between
    const inbox = this.#inbox = new SubscribedInbox(ways, pattern.subject, settings);
    // subscriptions go with the connection; the next one has to be told again
    inbox.closed.then(() => {
      if (this.#inbox === inbox) this.#starting = undefined;
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
