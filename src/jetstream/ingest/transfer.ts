import type { Timer } from "../../clock.ts";
import { onAbort } from "../../deadline.ts";
import type { PubAck } from "../api/api_types.ts";
import { NoStreamError, NotStoredError, UnknownOutcomeError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { Backlog, type Kept } from "./backlog.ts";
import { FastLane } from "./fast_lane.ts";
import type { IngestHost, IngestLane } from "./host.ts";
import { IngestError } from "./ingest_error.ts";
import type { IngestSettings } from "./ingest_options.ts";
import { SingleLane } from "./single_lane.ts";

/** How long to wait for a stream that takes the subject, before the first message is stored, in milliseconds. */
const NO_STREAM = 5_000;

/** How a transfer has ended. */
export type TransferEnd =
  | { readonly kind: "closed" }
  | { readonly kind: "failed"; readonly error: IngestError }
  | { readonly kind: "aborted"; readonly reason: unknown };

/** The options of a transfer. */
export interface TransferOptions {
  /** The subject, or the pattern. */
  readonly subject: string;
  readonly settings: IngestSettings;
  readonly signal: AbortSignal | undefined;
  /** Called with the number of messages that were stored since the last call. */
  readonly stored: (count: number) => void;
  /** Called once, at the end. */
  readonly ended: (end: TransferEnd) => void;
}

/** Stores messages in order, over outages: by fast batches, or each on its own. */
export class Transfer implements IngestHost {
  readonly api: JetStreamApi;
  readonly settings: IngestSettings;
  readonly action: string;
  readonly subject: string;
  readonly backlog: Backlog;
  readonly #options: TransferOptions;
  readonly #ending = new AbortController();
  readonly #stops: (() => void)[] = [];
  readonly #done = Promise.withResolvers<void>();
  #lane: IngestLane;
  #isFast: boolean | undefined;
  #isUp = true;
  #isFinal = false;
  #refused: { readonly number: number; readonly error: unknown } | undefined;
  #trouble: Error | undefined;
  #progressAt = 0;
  #watching: Timer | undefined;
  #end: TransferEnd | undefined;
  #uncertain = 0;
  #last: PubAck | undefined;

  constructor(api: JetStreamApi, options: TransferOptions) {
    const { subject, settings, signal } = options;
    this.api = api;
    this.settings = settings;
    this.subject = subject;
    this.action = `ingest to "${subject}"`;
    this.backlog = new Backlog(settings);
    this.#options = options;
    this.#done.promise.catch(() => {});
    this.#lane = new FastLane(this, (sentUntil) => this.#withoutBatches(sentUntil));
    this.#stops.push(api.access.onConnection((change) => {
      if (change === "lost") this.#lost();
      else if (change === "back") this.#back();
      else this.#closed();
    }));
    if (signal?.aborted) this.abort(signal.reason);
    else if (signal) this.#stops.push(onAbort(signal, () => this.abort(signal.reason)));
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get available(): number {
    return Math.min(this.backlog.end, this.#refused?.number ?? Infinity);
  }

  get isFinal(): boolean {
    return this.#isFinal || this.#refused !== undefined;
  }

  get deadline(): number {
    return this.#progressAt + this.settings.timeout;
  }

  /** How the transfer has ended; `undefined` while it runs. */
  get end(): TransferEnd | undefined {
    return this.#end;
  }

  /** Whether the stream takes fast batches; `undefined` before its first answer. */
  get isFast(): boolean | undefined {
    return this.#isFast;
  }

  /** How many messages after the stored ones may be stored, too. */
  get uncertain(): number {
    return this.#end ? this.#uncertain : this.#lane.sentUntil - this.backlog.first;
  }

  /** The last acknowledgement with a sequence. */
  get last(): PubAck | undefined {
    return this.#last;
  }

  /** Takes a message; returns a promise if the program has to wait before the next one. */
  take(kept: Kept): Promise<void> | undefined {
    if (this.#end || this.isFinal) return this.#done.promise;
    if (this.backlog.end === this.backlog.first) this.progressed();
    this.backlog.add(kept);
    this.#watch();
    this.#pump();
    return this.backlog.room();
  }

  /** Ends the transfer with this error once all messages taken before are stored; the promise rejects at the end. */
  reject(error: unknown): Promise<void> {
    if (!this.#end && !this.#refused) {
      this.#refused = { number: this.backlog.end, error };
      this.#endIfDone();
      this.#pump();
    }
    return this.#done.promise;
  }

  /** Takes no further message; resolves once all messages are stored. */
  finish(): Promise<void> {
    this.#isFinal = true;
    this.#endIfDone();
    this.#pump();
    return this.#done.promise;
  }

  /** Ends the transfer at once. */
  abort(reason: unknown): void {
    this.#finish({ kind: "aborted", reason }, this.#lane.sentUntil);
  }

  confirmed(end: number, ack?: PubAck): void {
    if (this.#end) return;
    this.#isFast ??= this.#lane instanceof FastLane;
    this.#trouble = undefined;
    if (ack) this.#last = ack;
    const count = this.backlog.drop(end);
    if (count === 0) return;
    this.progressed();
    this.#options.stored(count);
    this.#endIfDone();
  }

  progressed(): void {
    this.#progressAt = this.api.access.clock.now();
  }

  troubled(error: Error): void {
    this.#trouble = error;
  }

  refuse(number: number, error: Error): void {
    if (this.#refused && this.#refused.number <= number) return;
    this.#refused = { number, error };
    this.#endIfDone();
  }

  fail(cause: unknown, uncertainUntil: number): void {
    if (this.#end) return;
    const { first } = this.backlog;
    const uncertain = Math.max(0, uncertainUntil - first);
    const error = new IngestError(this.subject, cause, { stored: first, uncertain });
    this.#finish({ kind: "failed", error }, uncertainUntil);
  }

  #endIfDone(): void {
    if (this.#end) return;
    const { first, end } = this.backlog;
    if (this.#refused?.number === first) this.fail(this.#refused.error, first);
    else if (this.#isFinal && first === end) this.#finish({ kind: "closed" }, first);
  }

  #finish(end: TransferEnd, uncertainUntil: number): void {
    if (this.#end) return;
    this.#uncertain = Math.max(0, uncertainUntil - this.backlog.first);
    this.#end = end;
    this.#lane.leave();
    this.#ending.abort();
    this.#watching?.clear();
    for (const stop of this.#stops) stop();
    this.backlog.clear();
    if (end.kind === "closed") this.#done.resolve();
    else this.#done.reject(end.kind === "failed" ? end.error : end.reason);
    this.#options.ended(end);
  }

  #pump(): void {
    if (this.#isUp && !this.#end) this.#lane.pump();
  }

  #withoutBatches(sentUntil: number): void {
    if (this.#end) return;
    this.#isFast = false;
    this.#lane.leave();
    this.#lane = new SingleLane(this, sentUntil);
    this.#pump();
  }

  #lost(): void {
    this.#isUp = false;
    this.#lane.lost();
  }

  #back(): void {
    this.#isUp = true;
    this.#pump();
  }

  #closed(): void {
    const rule = "the broker must not be stopped before all of it is stored";
    this.fail(this.#unanswered(rule), this.#lane.sentUntil);
  }

  /** Fails the transfer if the stream confirms nothing for too long. */
  #watch(): void {
    const { clock } = this.api.access;
    if (this.#watching || this.#end) return;
    const wait = Math.min(this.deadline - clock.now(), NO_STREAM / 4);
    this.#watching = clock.setTimeout(() => {
      this.#watching = undefined;
      if (this.backlog.first === this.backlog.end) return;
      const isMissing = this.backlog.first === 0 && this.#trouble instanceof NoStreamError;
      const { timeout } = this.settings;
      const patience = isMissing ? Math.min(NO_STREAM, timeout) : timeout;
      if (clock.now() < this.#progressAt + patience) return this.#watch();
      const rule = `the stream must confirm it within ${Math.ceil(timeout)} ms`;
      this.fail(this.#unanswered(rule), this.#lane.sentUntil);
    }, Math.max(1, Math.ceil(wait)));
  }

  #unanswered(rule: string): Error {
    const { first, end } = this.backlog;
    const subject = first < end ? this.backlog.at(first).subject : this.subject;
    if (this.#lane.sentUntil > first) {
      const id = first < end ? this.backlog.at(first).id : undefined;
      const cause = this.#trouble;
      return new UnknownOutcomeError(this.action, subject, rule, { id, ...cause && { cause } });
    }
    return this.#trouble ?? new NotStoredError(this.action, subject, rule);
  }
}
