import { asError } from "../../legible.ts";
import type { Arrival, Invocation, OpenSource, Outcome, Sink } from "../../door/mod.ts";
import type { ChangeView } from "./change_view.ts";
import { Watch, type Watchable, type Watched, type WatchStart } from "./watch.ts";

/** How a handler gets changes. */
export interface ChangeSourceOptions extends WatchStart {
  readonly onInitial?: (() => void) | undefined;
}

/** What is needed of a delivery when it is settled. */
interface Origin {
  readonly key: string;
  readonly isInitial: boolean;
}

/**
 * Hands the changes of a bucket to handlers: those of one key one after the other, those of different keys side by side.
 * It takes as many as there are free places, those included that wait for an earlier change of their key.
 */
export class ChangeSource<Entry> implements OpenSource {
  readonly #sink: Sink;
  readonly #bucket: Watchable<Entry>;
  readonly #view: ChangeView<Entry>;
  readonly #options: ChangeSourceOptions;
  #watch: Watch<Entry> | undefined;
  /** Those that wait for an earlier change of their key, by the keys that are at work. */
  readonly #lanes = new Map<string, Watched<Entry>[]>();
  #waiting = 0;
  /** How many of those that were there at the beginning are not handled yet. */
  #initial = 0;
  /** Interrupts the wait for a free place. */
  #wake: (() => void) | undefined;
  #hasAll = false;
  #isOver = false;
  #hasFailed = false;

  constructor(
    sink: Sink,
    bucket: Watchable<Entry>,
    view: ChangeView<Entry>,
    options: ChangeSourceOptions,
  ) {
    this.#sink = sink;
    this.#bucket = bucket;
    this.#view = view;
    this.#options = options;
  }

  get isRefused(): boolean {
    return this.#hasFailed;
  }

  async ready(): Promise<void> {
    if (this.#watch) return;
    this.#hasFailed = false;
    try {
      await this.#bucket.ready();
      if (this.#isOver) return;
      const watch = this.#watch = new Watch(this.#bucket, this.#view.filter, this.#options, {
        complete: () => this.#complete(),
        replaced: () => {},
      });
      await watch.ready;
      this.#pump(watch);
    } catch (error) {
      this.#hasFailed = true;
      this.cancel();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    for (const lane of this.#lanes.values()) lane.length = 0;
    this.#wake?.();
    await this.#watch?.close();
  }

  cancel(): void {
    this.stop().catch((error) => this.#sink.report(asError(error)));
  }

  settle(invocation: Invocation, outcome: Outcome): void {
    if (outcome.kind === "failed") this.#sink.report(asError(outcome.error), invocation);
    const { key, isInitial } = invocation.origin as Origin;
    const next = this.#lanes.get(key)?.shift();
    if (next) {
      this.#waiting--;
      this.#take(next);
    } else this.#lanes.delete(key);
    if (!isInitial) return;
    this.#initial--;
    this.#tellInitial();
  }

  freed(): void {
    this.#wake?.();
  }

  async #pump(watch: Watch<Entry>): Promise<void> {
    try {
      while (!this.#isOver) {
        if (this.#sink.free <= this.#waiting) await this.#room();
        const watched = watch.readNow() ?? await watch.next();
        if (!watched) return;
        if (!this.#isOver) this.#deliver(watched);
      }
    } catch (error) {
      this.#sink.report(asError(error));
    }
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        if (!this.#isOver && this.#sink.free <= this.#waiting) return;
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #deliver(watched: Watched<Entry>): void {
    if (watched.isInitial) this.#initial++;
    const key = this.#view.keyOf(watched.entry);
    const lane = this.#lanes.get(key);
    if (!lane) {
      this.#lanes.set(key, []);
      return this.#take(watched);
    }
    lane.push(watched);
    this.#waiting++;
  }

  #take(watched: Watched<Entry>): void {
    const { entry, isInitial, message: { subject, data, headerBlock } } = watched;
    const origin: Origin = { key: this.#view.keyOf(entry), isInitial };
    const packet: Arrival = { subject, replyTo: "", data, headerBlock };
    this.#sink.take({ ...packet, ...this.#view.given(watched), origin });
  }

  #complete(): void {
    this.#hasAll = true;
    this.#tellInitial();
  }

  /** Tells once that all is handled that was there at the beginning. */
  #tellInitial(): void {
    if (!this.#hasAll || this.#initial > 0) return;
    this.#hasAll = false;
    try {
      this.#options.onInitial?.();
    } catch (error) {
      this.#sink.report(asError(error));
    }
  }
}
