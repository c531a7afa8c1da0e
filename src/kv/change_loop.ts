import { asMilliseconds } from "../duration.ts";
import { pause, within } from "../deadline.ts";
import { TimeoutError } from "../errors.ts";
import { ConflictError } from "../jetstream/api/errors.ts";
import { isThenable } from "../promises.ts";
import { type ChangeId, markedBy, marksOf } from "./change_marks.ts";
import type { ValueEntry } from "./entry.ts";
import type { KeyLanes } from "./key_lanes.ts";
import { lookupAnywhere, lookupStored } from "./lookup.ts";
import type { OpenedBucket } from "./opened_bucket.ts";
import type { PutOptions } from "./call_options.ts";
import type { StoredEntry } from "./values.ts";
import type { Writer } from "./writer.ts";

/** Computes the new value from the current one. */
export type Changer = (value: unknown, entry: ValueEntry | undefined) => unknown;

/** The longest wait after the first conflict, in milliseconds; doubles with each further conflict, up to a limit. */
const FIRST_WAIT = 4;
const LONGEST_WAIT = 512;

/** The read-change-put loop behind `Bucket.change()`: repeats until no other client interferes. */
export class ChangeLoop {
  readonly #bucket: OpenedBucket;
  readonly #writer: Writer;
  readonly #lanes: KeyLanes;
  readonly #key: string;
  readonly #change: Changer;
  readonly #options: PutOptions;
  /** Milliseconds. */
  readonly #timeout: number;
  readonly #until: number;

  constructor(
    bucket: OpenedBucket,
    writer: Writer,
    lanes: KeyLanes,
    key: string,
    change: Changer,
    options: PutOptions,
  ) {
    this.#bucket = bucket;
    this.#writer = writer;
    this.#lanes = lanes;
    this.#key = key;
    this.#change = change;
    this.#options = options;
    this.#timeout = asMilliseconds(writer.limits(options).timeout);
    this.#until = bucket.access.clock.now() + this.#timeout;
  }

  /** Resolves with the value and its revision; `undefined` if `change` returned `undefined`. */
  run(): Promise<{ readonly value: unknown; readonly revision: number } | undefined> {
    const { clock } = this.#bucket.access;
    const patience = { clock, timeout: this.#timeout, signal: this.#options.signal };
    // within one program, calls for the same key take turns instead of conflicting with each other
    return this.#lanes.run(this.#key, patience, this.#action, () => this.#attempts());
  }

  get #action(): string {
    return `change "${this.#key}"`;
  }

  async #attempts() {
    const own = this.#writer.nextChange();
    let value: unknown;
    for (let attempt = 0;; attempt++) {
      const last = await this.#look(attempt);
      const made = marksOf(last).find(({ writer, count }) =>
        writer === own.writer && count === own.count
      );
      // an earlier attempt was stored, and others have changed the value since
      if (made) return { value, revision: made.revision };
      value = await this.#next(last);
      if (value === undefined) return undefined;
      try {
        return { value, revision: await this.#put(value, own, last) };
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        await this.#wait(attempt);
      }
    }
  }

  /** Asks the program for the next value. */
  async #next(last: StoredEntry | undefined): Promise<unknown> {
    const entry = last && await this.#bucket.read(last);
    const found = entry?.kind === "put" ? entry : undefined;
    const made = this.#change(found?.value, found);
    return isThenable(made) ? await this.#inTime(made) : made;
  }

  async #put(value: unknown, own: ChangeId, last: StoredEntry | undefined): Promise<number> {
    const limits = { ...this.#options, timeout: this.#left };
    const written = await this.#writer.putting(this.#key, value, limits, last?.seq ?? 0);
    const headers = [...written.headers ?? [], markedBy(own, last)];
    const left = { ...this.#options, timeout: this.#left };
    return await this.#writer.send(this.#action, { ...written, headers }, left);
  }

  /** Bounds the time of the program's `change`: other calls wait for the key. */
  #inTime(made: PromiseLike<unknown>): Promise<unknown> {
    const { clock } = this.#bucket.access;
    const { signal } = this.#options;
    const patience = { clock, timeout: this.#left, given: this.#timeout, signal };
    const subject = this.#bucket.subjectOf(this.#key);
    return within(Promise.resolve(made), patience, this.#action, subject);
  }

  /** After a conflict, reads from the leader: replicas may not have the latest revision yet. */
  #look(attempt: number): Promise<StoredEntry | undefined> {
    const look = attempt === 0 ? lookupAnywhere : lookupStored;
    const limits = { timeout: this.#left, signal: this.#options.signal };
    return look(this.#bucket, this.#key, limits);
  }

  async #wait(attempt: number): Promise<void> {
    const { clock } = this.#bucket.access;
    const { signal = new AbortController().signal } = this.#options;
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt);
    await pause(clock, Math.min(this.#left, longest * clock.random()), signal);
    signal.throwIfAborted();
  }

  /** Milliseconds until the timeout. */
  get #left(): number {
    const left = this.#until - this.#bucket.access.clock.now();
    if (left >= 1) return left;
    throw new TimeoutError(this.#action, this.#timeout, this.#bucket.subjectOf(this.#key));
  }
}
