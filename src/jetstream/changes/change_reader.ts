import { onAbort, type Patience } from "../../deadline.ts";
import { asMilliseconds } from "../../duration.ts";
import { asError } from "../../legible.ts";
import { checkOptions, NEXT_RULES } from "../../options.ts";
import { handled } from "../../promises.ts";
import { iteratorOf, Queue, readableOf } from "../../queue.ts";
import type { NextOptions, Reader } from "../../reader.ts";
import { ReceivedMessage } from "../../door/mod.ts";
import type { ChangesEnd, ChangeView } from "./change_view.ts";
import { Watch, type Watchable, type Watched, type WatchStart } from "./watch.ts";

/** How many changes wait, decoded, for the program; more wait as bytes, and then at the server. */
const MOST_WAITING = 64;

/** A change as a message. */
type ChangeMessage = ReceivedMessage & { readonly change: { readonly isInitial: boolean } };

/** Reads the changes of a bucket. */
export class OpenChangeReader<Entry> implements Reader<ChangeMessage, ChangesEnd> {
  readonly #bucket: Watchable<Entry>;
  readonly #view: ChangeView<Entry>;
  readonly #watch: Watch<Entry>;
  readonly #waiting = new Queue<ChangeMessage>();
  readonly #initial = Promise.withResolvers<boolean>();
  readonly #closed = Promise.withResolvers<ChangesEnd>();
  /** How many of those wait that were there at the beginning. */
  #unread = 0;
  #hasAll = false;
  #stopListening: (() => void) | undefined;
  #wake: (() => void) | undefined;
  #end: ChangesEnd | undefined;
  #error: Error | undefined;

  private constructor(bucket: Watchable<Entry>, view: ChangeView<Entry>, start: WatchStart) {
    this.#bucket = bucket;
    this.#view = view;
    this.#watch = new Watch(bucket, view.filter, start, {
      complete: () => this.#complete(),
      replaced: () => {},
    });
  }

  /** Opens one; resolves once it has begun. */
  static async open<Entry>(
    bucket: Watchable<Entry>,
    view: ChangeView<Entry>,
    start: WatchStart,
    { signal }: { readonly signal?: AbortSignal },
  ): Promise<OpenChangeReader<Entry>> {
    signal?.throwIfAborted();
    await bucket.ready();
    const reader = new OpenChangeReader(bucket, view, start);
    if (signal) reader.#stopListening = onAbort(signal, () => reader.#abort());
    await reader.#watch.ready;
    signal?.throwIfAborted();
    reader.#pump();
    return reader;
  }

  get initial(): Promise<boolean> {
    return this.#initial.promise;
  }

  get closed(): Promise<ChangesEnd> {
    return this.#closed.promise;
  }

  /** Nothing is ever dropped: what the program does not read waits at the server. */
  get dropped(): number {
    return 0;
  }

  get readable(): ReadableStream {
    return readableOf(this, () => ({ next: () => this.#next({}), cancel: () => this.close() }));
  }

  next(options: NextOptions = {}): Promise<ChangeMessage | undefined> {
    return handled(this.#next(options));
  }

  async close(): Promise<void> {
    this.#waiting.clear();
    this.#finish("cancelled");
    await this.#watch.close();
  }

  #abort(): void {
    this.close().catch((error) => this.#bucket.access.report(asError(error)));
  }

  [Symbol.asyncIterator](): AsyncIterator<ChangeMessage> {
    return iteratorOf(() => this.#next({}), () => this.close(), () => this.#readNow());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #next(options: NextOptions): Promise<ChangeMessage | undefined> {
    checkOptions("wait for a change", options, NEXT_RULES);
    options.signal?.throwIfAborted();
    const timeout = asMilliseconds(options.timeout);
    const { clock } = this.#bucket.access;
    // a timer of Infinity would fire at once
    const limit = timeout === Infinity ? undefined : timeout;
    const patience = { clock, timeout: limit, signal: options.signal };
    const message = this.#readNow() ?? await this.#wait(patience);
    if (!message && this.#error) throw this.#error;
    return message;
  }

  #wait(patience: Patience): Promise<ChangeMessage | undefined> {
    return this.#waiting.wait(patience, `read the changes of "${this.#bucket.name}"`);
  }

  #readNow(): ChangeMessage | undefined {
    const message = this.#waiting.shift();
    if (message?.change.isInitial) this.#unread--;
    this.#tellInitial();
    this.#wake?.();
    return message;
  }

  #add(message: ChangeMessage): void {
    if (this.#end || this.#waiting.hand(message)) return;
    if (message.change.isInitial) this.#unread++;
    this.#waiting.push(message, 0);
  }

  #complete(): void {
    this.#hasAll = true;
    this.#tellInitial();
  }

  #tellInitial(): void {
    if (this.#hasAll && this.#unread === 0) this.#initial.resolve(true);
  }

  async #pump(): Promise<void> {
    try {
      for (;;) {
        const watched = this.#watch.readNow() ?? await this.#watch.next();
        if (!watched) break;
        this.#add(this.#messageOf(watched));
        if (this.#waiting.length >= MOST_WAITING) await this.#room();
      }
      const end = await this.#watch.closed;
      this.#finish(end === "complete" ? "connection" : end);
    } catch (error) {
      this.#error = asError(error);
      this.#finish("failed");
    }
  }

  #messageOf(watched: Watched<Entry>): ChangeMessage {
    const { subject, data, headerBlock, headers } = watched.message;
    const { params = {}, decoded, besides } = this.#view.given(watched);
    const reception = { headers, params, pattern: this.#view.pattern };
    const message = new ReceivedMessage({ subject, replyTo: "", data, headerBlock }, reception);
    return Object.assign(message.withBody(decoded?.body), besides) as ChangeMessage;
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        if (!this.#end && this.#waiting.length >= MOST_WAITING) return;
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #finish(end: ChangesEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#stopListening?.();
    this.#waiting.end();
    this.#wake?.();
    this.#closed.resolve(end);
    // one that has been read to here stays so
    if (end === "cancelled" || !this.#hasAll) this.#initial.resolve(false);
  }
}

/** Reads by the readers that it opens: the first step opens one, and the end of the loop closes it. */
export function readingOf<Item>(
  open: () => Promise<{ next(): Promise<Item | undefined>; close(): Promise<void> }>,
): AsyncIterator<Item> {
  let opened: ReturnType<typeof open> | undefined;
  return iteratorOf(
    async () => await (await (opened ??= open())).next(),
    // what could not be opened has nothing to close: some loops of the engine go round for ever if their end fails, too
    async () => await (await opened?.catch(() => {}))?.close(),
  );
}
