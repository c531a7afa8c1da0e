import type { Timer } from "../clock.ts";
import { onAbort } from "../deadline.ts";
import { ConnectionError, PermissionError } from "../errors.ts";
import { asError } from "../legible.ts";
import { handled } from "../promises.ts";
import { Watch, type Watched } from "../jetstream/changes/watch.ts";
import { isAllThatComes } from "./batch_end.ts";
import { BatchGroups } from "./batch_groups.ts";
import type { Change } from "./changes.ts";
import type { Entry, ValueEntry } from "./entry.ts";
import type { KeyPattern } from "./keys.ts";
import type { Mirror, MirrorOptions } from "./mirror.ts";
import { MirrorContents } from "./mirror_contents.ts";
import { MirrorExpiry } from "./mirror_expiry.ts";
import type { OpenedBucket } from "./opened_bucket.ts";

/** Milliseconds to wait for the rest of a batch before asking the server for it. */
const REST = 10;

/** A mirror that follows its bucket. */
export class LiveMirror implements Mirror {
  readonly ready: Promise<this>;
  readonly #bucket: OpenedBucket;
  readonly #pattern: KeyPattern;
  readonly #options: MirrorOptions;
  readonly #contents = new MirrorContents();
  readonly #groups = new BatchGroups();
  readonly #complete = Promise.withResolvers<void>();
  readonly #ending = new AbortController();
  #watch: Watch<Entry> | undefined;
  #stopListening: (() => void) | undefined;
  /** The timer that waits for the rest of a batch. */
  #looking: Timer | undefined;
  #hasAll = false;
  #isComplete = false;

  constructor(bucket: OpenedBucket, pattern: KeyPattern, options: MirrorOptions) {
    this.#bucket = bucket;
    this.#pattern = pattern;
    this.#options = options;
    this.ready = handled(this.#complete.promise.then(() => this));
    const { signal } = options;
    if (signal) this.#stopListening = onAbort(signal, () => void this.#end(signal.reason));
    if (signal?.aborted) void this.#end(signal.reason);
    else this.#follow();
  }

  get version(): number {
    return this.#contents.version;
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get size(): number {
    return this.#contents.values.size;
  }

  get(key: string): unknown {
    return this.#contents.values.get(key);
  }

  has(key: string): boolean {
    return this.#contents.values.has(key);
  }

  entry(key: string): ValueEntry | undefined {
    return this.#contents.entries.get(key);
  }

  keys(): MapIterator<string> {
    return this.#contents.values.keys();
  }

  values(): MapIterator<unknown> {
    return this.#contents.values.values();
  }

  entries(): MapIterator<[string, unknown]> {
    return this.#contents.values.entries();
  }

  forEach(
    each: (value: unknown, key: string, map: ReadonlyMap<string, unknown>) => void,
    self?: unknown,
  ): void {
    for (const [key, value] of this.#contents.values) each.call(self, value, key, this);
  }

  [Symbol.iterator](): MapIterator<[string, unknown]> {
    return this.#contents.values.entries();
  }

  close(): Promise<void> {
    return this.#end(new DOMException("The mirror was closed", "AbortError"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The text for logs. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { version } = this;
    return `Mirror ${inspect({ version, values: this.#contents.values }, how)}`;
  }

  get #filter(): string {
    return this.#bucket.subjectOf(this.#pattern.wildcard);
  }

  async #follow(): Promise<void> {
    try {
      await this.#bucket.ready();
      await this.#watchExpiry();
      if (this.#ending.signal.aborted) return;
      const watch = this.#watch = new Watch(this.#bucket, this.#filter, {}, {
        complete: () => this.#completed(),
        replaced: () => this.#clear(),
        idle: () => this.#lookForEnd(),
        refused: (message) => this.#contents.remove(this.#bucket.keyOf(message.subject)),
      });
      for (let watched; (watched = watch.readNow() ?? await watch.next());) {
        for (const group of this.#groups.take(watched)) this.#show(group);
        if (watched.message.pending === 0) this.#lookForEnd();
      }
      await this.#end(await this.#reasonOf(watch));
    } catch (error) {
      await this.#end(error);
    }
  }

  /** Starts local expiry in a bucket without markers, where the server does not report expired values. */
  async #watchExpiry(): Promise<void> {
    if (!MirrorExpiry.isNeeded(await this.#bucket.config())) return;
    const { clock } = this.#bucket.access;
    const info = await this.#bucket.info();
    this.#contents.expiry = new MirrorExpiry(clock, info, (keys) => {
      const changes = this.#contents.expire(keys);
      if (this.#isComplete) this.#tell(changes);
    });
  }

  async #reasonOf(watch: Watch<Entry>): Promise<unknown> {
    const end = await watch.closed;
    const rule = "the broker must stay connected: it has stopped";
    const what = `follow the bucket "${this.#bucket.name}"`;
    return end === "connection"
      ? new ConnectionError(`Cannot ${what} as ${rule}`, "closed")
      : new Error(`Cannot ${what} as it must be open: ${end}`);
  }

  #show(group: readonly Watched<Entry>[]): void {
    for (const { entry, message } of group) {
      this.#contents.show(entry, message.headerBlock && message.headers);
    }
    if (this.#isComplete) {
      this.#tell(group.map(({ entry, isInitial }) => ({ ...entry, isInitial })));
    } else if (this.#hasAll) this.#tellComplete();
  }

  /** Shows an incomplete batch if no more of it will arrive. */
  #lookForEnd(): void {
    const { open } = this.#groups;
    if (!open || this.#looking) return;
    const { clock } = this.#bucket.access;
    this.#looking = clock.setTimeout(async () => {
      const { message } = open.changes.at(-1)!;
      const isEnd = await this.#isEnd(open.id, message.seq);
      this.#looking = undefined;
      const isSame = this.#groups.open === open && open.changes.at(-1)!.message === message;
      if (isSame && isEnd) this.#show(this.#groups.close());
      else if (!this.#ending.signal.aborted) this.#lookForEnd();
    }, REST);
  }

  async #isEnd(id: string, seq: number): Promise<boolean> {
    try {
      return await isAllThatComes(this.#bucket, this.#pattern, id, seq);
    } catch (error) {
      // in an outage nothing arrives anyway; without the permission to ask, what has arrived counts as all
      return error instanceof PermissionError;
    }
  }

  /** Ends the initial state, which may stop inside a batch: then it waits for the rest. */
  #completed(): void {
    this.#hasAll = true;
    if (this.#groups.open) this.#lookForEnd();
    else this.#tellComplete();
  }

  #tellComplete(): void {
    this.#isComplete = true;
    this.#complete.resolve();
    this.#tell(this.#contents.all);
  }

  #clear(): void {
    this.#groups.close();
    this.#contents.clear();
  }

  #tell(changes: readonly Change[]): void {
    try {
      this.#options.onChange?.(changes);
    } catch (error) {
      this.#bucket.access.report(asError(error));
    }
  }

  async #end(reason: unknown): Promise<void> {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort(reason);
    this.#stopListening?.();
    this.#looking?.clear();
    this.#contents.expiry?.clear();
    this.#complete.reject(reason);
    await this.#watch?.close();
  }
}
