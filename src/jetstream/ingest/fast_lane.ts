import type { Timer } from "../../clock.ts";
import type { PermissionError } from "../../errors.ts";
import { asError } from "../../legible.ts";
import type { PubAck } from "../api/api_types.ts";
import type { BatchAnswer } from "./batch_answer.ts";
import { Doubt } from "./doubt.ts";
import { FastBatch } from "./fast_batch.ts";
import type { IngestHost, IngestLane } from "./host.ts";

/** The most messages that the server takes from one batch between two answers. */
const MOST_FLOW = 500;
/** How long to wait for a new batch after a failure, in milliseconds: at first, and at most. */
const FIRST_RETRY = 50;
const LONGEST_RETRY = 1_000;
/** How long a batch may stay without an answer, in milliseconds: at first, and at most. */
const FIRST_SILENCE = 2_000;
const LONGEST_SILENCE = 8_000;

/**
 * Stores messages by fast batches, one after the other. A batch that breaks leaves messages in doubt: the stream may have
 * stored them. Messages that were never sent follow once none is in doubt, so no batch has a message that was sent before,
 * and its answers prove that its messages are stored.
 */
export class FastLane implements IngestLane {
  readonly #host: IngestHost;
  readonly #withoutBatches: (sentUntil: number) => void;
  readonly #stopListening: () => void;
  readonly #doubt: Doubt;
  #batch: FastBatch | undefined;
  /** Messages before this number were sent in earlier batches, and may be stored. */
  #doubtUntil = 0;
  /** Messages before this number were sent on connections that broke. */
  #lostUntil = 0;
  #retrying: Timer | undefined;
  #watching: Timer | undefined;
  #holding: Timer | undefined;
  /** Whether a turn of the event loop has passed without a message after the last one. */
  #wasHeld = false;
  #isAsking = false;
  #heardAt = 0;
  /** How many batches in a row have failed. */
  #failures = 0;
  #silences = 0;
  #isLeft = false;

  constructor(host: IngestHost, withoutBatches: (sentUntil: number) => void) {
    this.#host = host;
    this.#doubt = new Doubt(host);
    this.#withoutBatches = withoutBatches;
    this.#stopListening = host.api.access.onRefusal((error) => this.#notPermitted(error));
  }

  get sentUntil(): number {
    const batch = this.#batch;
    return Math.max(this.#doubtUntil, batch ? batch.first + batch.count : 0);
  }

  pump(): void {
    const { backlog } = this.#host;
    while (!this.#isLeft && !this.#retrying && !this.#isAsking) {
      const batch = this.#batch;
      if (!batch && this.#doubtUntil > backlog.first) return void this.#settle();
      const { available, isFinal } = this.#host;
      const next = batch ? batch.first + batch.count : backlog.first;
      if (next >= available || batch?.room === 0) return;
      const isLast = next === available - 1;
      // the last available message ends the batch; first wait a turn, or for a due answer, as more messages may come
      if (isLast && !isFinal && !this.#wasHeld) return this.#hold();
      if (isLast && !isFinal && batch?.isAnswerDue) return;
      this.#wasHeld = false;
      if (!this.#send(next, isLast)) return;
    }
  }

  lost(): void {
    this.#clear();
    this.#abandon();
    this.#lostUntil = this.#doubtUntil;
  }

  leave(): void {
    this.#isLeft = true;
    this.#stopListening();
    this.#clear();
    this.#abandon();
  }

  #send(number: number, isLast: boolean): boolean {
    const { backlog, api: { access } } = this.#host;
    const now = access.clock.now();
    try {
      const batch = this.#batch ??= this.#begin(now);
      if (!batch.isWaiting) this.#heardAt = now;
      batch.send(backlog.at(number), isLast, now);
      this.#watch();
      return true;
    } catch (error) {
      this.#abandon();
      this.#host.refuse(number, asError(error));
      return !this.#isLeft;
    }
  }

  #begin(now: number): FastBatch {
    const { backlog, settings, subject, api: { access } } = this.#host;
    const { maxPending, maxPendingBytes } = settings;
    const fitting = maxPendingBytes / 4 / Math.max(1, backlog.averageSize);
    const flow = Math.max(1, Math.floor(Math.min(MOST_FLOW, maxPending / 2, fitting)));
    this.#heardAt = now;
    return new FastBatch(access, backlog.first, flow, {
      subjectOf: (number) => backlog.subjectOf(number) ?? subject,
      answered: (answer) => this.#answered(answer),
      refused: (error) => this.#host.fail(error, this.sentUntil),
    });
  }

  #answered(answer: BatchAnswer): void {
    const { first } = this.#batch!;
    this.#heardAt = this.#host.api.access.clock.now();
    this.#silences = 0;
    switch (answer.kind) {
      case "flow":
        return this.#flows();
      case "done":
        return this.#done(first + answer.count, answer.ack);
      case "single":
        this.#abandon();
        if (first + answer.at - 1 === this.#host.backlog.first) {
          this.#host.confirmed(first + answer.at, answer.ack);
        }
        return this.#withoutBatches(this.#doubtUntil);
      case "disabled":
        this.#abandon();
        return this.#withoutBatches(this.#doubtUntil);
      case "refused":
        return this.#refused(first + answer.at - 1, answer.error);
      case "later":
        this.#host.troubled(answer.error);
        this.#failures++;
        this.#abandon(first + answer.at - 1);
        return this.#retry();
    }
    this.#abandon();
    this.#retry();
  }

  #flows(): void {
    const { first, taken } = this.#batch!;
    this.#host.progressed();
    if (taken > 0) this.#failures = 0;
    this.#host.confirmed(first + taken);
    this.pump();
  }

  /** Handles the end of the batch; it covers the messages before `end`, which may be fewer than were sent. */
  #done(end: number, ack: PubAck): void {
    const isWhole = end === this.sentUntil;
    this.#abandon();
    this.#failures = 0;
    this.#host.confirmed(end, ack);
    if (isWhole) this.pump();
    else this.#retry();
  }

  #refused(number: number, error: Error): void {
    this.#abandon(number);
    // an answer about a message that is stored
    if (number < this.#host.backlog.first) return this.#retry();
    this.#refuse(number, error);
  }

  /** Refuses the message, which is certainly not stored: only the messages before it are still stored. */
  #refuse(number: number, error: Error): void {
    this.#doubtUntil = number;
    this.#host.refuse(number, error);
    this.pump();
  }

  /** Settles what became of the messages in doubt, and goes on with new ones. */
  async #settle(): Promise<void> {
    this.#isAsking = true;
    try {
      const verdict = await this.#doubt.settle(this.#doubtUntil);
      this.#isAsking = false;
      if (this.#isLeft) return;
      if (verdict === "wait") return this.#retry();
      this.#failures = 0;
      if (typeof verdict === "object") return this.#refuse(verdict.number, verdict.error);
      this.pump();
    } catch (error) {
      this.#host.fail(asError(error), this.sentUntil);
    }
  }

  #notPermitted(error: PermissionError): void {
    const { backlog } = this.#host;
    const { sentUntil } = this;
    for (let number = backlog.first; number < sentUntil; number++) {
      if (backlog.at(number).subject !== error.subject) continue;
      // the user of an earlier connection may have had the permission
      if (number < this.#lostUntil) return this.#host.fail(error, sentUntil);
      this.#abandon(number);
      return this.#refuse(number, error);
    }
  }

  /** Leaves the batch. Its messages may be stored, but none from `missing` on: a batch has no gaps. */
  #abandon(missing = Infinity): void {
    const batch = this.#batch;
    if (!batch) return;
    batch.leave();
    this.#batch = undefined;
    const { backlog, api: { access } } = this.#host;
    let end = batch.first + batch.count;
    while (end > Math.max(backlog.first, this.#doubtUntil)) {
      const kept = backlog.at(end - 1);
      const isUnsent = end > missing || (kept.message && access.takeBack(kept.message));
      if (!isUnsent) break;
      kept.sentAt = undefined;
      end--;
    }
    this.#doubtUntil = Math.max(this.#doubtUntil, end);
  }

  /** Begins a new batch: at once after a first failure, and after a growing delay after further ones. */
  #retry(): void {
    const { clock } = this.#host.api.access;
    if (this.#isLeft || this.#retrying) return;
    const longest = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(10, this.#failures - 1));
    const wait = this.#failures++ === 0 ? 0 : longest * (0.75 + clock.random() / 2);
    this.#retrying = clock.setTimeout(() => {
      this.#retrying = undefined;
      this.pump();
    }, wait);
  }

  #hold(): void {
    this.#holding ??= this.#host.api.access.clock.setTimeout(() => {
      this.#holding = undefined;
      this.#wasHeld = true;
      this.pump();
    }, 0);
  }

  /** Leaves the batch if the stream does not answer in time. */
  #watch(): void {
    const { access } = this.#host.api;
    if (this.#watching) return;
    const patience = Math.min(LONGEST_SILENCE, FIRST_SILENCE * 2 ** this.#silences);
    const over = this.#heardAt + patience - access.clock.now();
    this.#watching = access.clock.setTimeout(() => {
      this.#watching = undefined;
      if (!this.#batch?.isWaiting) return;
      if (access.clock.now() < this.#heardAt + patience) return this.#watch();
      this.#silences++;
      access.suspect();
      this.#abandon();
      this.#retry();
    }, Math.max(1, Math.ceil(over)));
  }

  #clear(): void {
    for (const timer of [this.#retrying, this.#watching, this.#holding]) timer?.clear();
    this.#retrying = this.#watching = this.#holding = undefined;
  }
}
