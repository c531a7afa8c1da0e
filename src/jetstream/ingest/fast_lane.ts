import type { Timer } from "../../clock.ts";
import type { PermissionError } from "../../errors.ts";
import { asError } from "../../legible.ts";
import type { PubAck } from "../api/api_types.ts";
import { UnknownOutcomeError } from "../api/errors.ts";
import { askStored } from "../publish/recovery.ts";
import type { BatchAnswer } from "./batch_answer.ts";
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
 * Stores messages by fast batches, one after the other. When a batch breaks, the next one begins with the first message
 * that is not known to be stored. The stream skips messages that it has stored already, because it knows their ids.
 *
 * A leader also skips, and acknowledges, a message whose id it has accepted but not stored yet. So an earlier batch stays
 * in doubt until the stream confirms a later message that was never sent before: the stream stores in order. If no such
 * message follows, this asks the stream for the last message in doubt.
 */
export class FastLane implements IngestLane {
  readonly #host: IngestHost;
  readonly #withoutBatches: (sentUntil: number) => void;
  readonly #stopListening: () => void;
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
      const { available, isFinal } = this.#host;
      const batch = this.#batch;
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
      if (!batch) return false;
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

  /** Begins a batch; fails if the stream may have forgotten the ids of messages that it has. */
  #begin(now: number): FastBatch | undefined {
    const { backlog, settings, action, subject, api: { access } } = this.#host;
    const { idWindow, maxPending, maxPendingBytes } = settings;
    const { sentAt = now, id } = backlog.at(backlog.first);
    if (now - sentAt >= idWindow) {
      const rule = `the stream must still know its id, which it keeps for ${idWindow} ms`;
      const error = new UnknownOutcomeError(action, subject, rule, { id });
      this.#host.fail(error, this.sentUntil);
      return undefined;
    }
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
    if (first + taken > this.#doubtUntil) this.#host.confirmed(first + taken);
    this.pump();
  }

  /** Handles the end of the batch; it covers the messages before `end`, which may be fewer than were sent. */
  #done(end: number, ack: PubAck): void {
    const { backlog } = this.#host;
    const doubtUntil = this.#doubtUntil;
    const isWhole = end === this.sentUntil;
    const isProven = end > doubtUntil || doubtUntil <= backlog.first;
    this.#abandon();
    if (isProven) {
      // the stream dropped later messages of this batch; those that an earlier batch sent stay in doubt
      this.#failures = 0;
      this.#host.confirmed(end, ack);
      if (isWhole) return this.pump();
    } else if (end >= doubtUntil) {
      return void this.#ask(doubtUntil - 1).then((isStored) => {
        if (isStored === false) this.#retry();
      });
    }
    this.#retry();
  }

  /** Handles the refusal of a message, which an earlier batch may have stored all the same. */
  #refused(number: number, error: Error): void {
    const { backlog } = this.#host;
    const wasSent = number < this.#doubtUntil;
    this.#abandon(number);
    if (number < backlog.first) return this.#retry();
    if (!wasSent) return this.#refuse(number, error);
    void this.#ask(number).then((isStored) => {
      if (isStored === false) this.#refuse(number, error);
    });
  }

  /** Refuses the message, which is certainly not stored: only the messages before it are still stored. */
  #refuse(number: number, error: Error): void {
    this.#doubtUntil = number;
    this.#host.refuse(number, error);
    this.pump();
  }

  /**
   * Asks whether the stream has a message that was sent; if so, the stream has all earlier ones, too. Resolves with
   * `undefined` if the ingest has ended, or fails now because no answer came.
   */
  async #ask(number: number): Promise<boolean | undefined> {
    const { backlog, api, signal, deadline } = this.#host;
    const { subject, id } = backlog.at(number);
    const timeout = Math.max(1, deadline - api.access.clock.now());
    this.#isAsking = true;
    try {
      const ack = await askStored(api, { subject, id, timeout, signal });
      this.#isAsking = false;
      if (this.#isLeft) return undefined;
      if (!ack) return false;
      this.#failures = 0;
      this.#host.confirmed(number + 1, ack);
      this.pump();
      return true;
    } catch (error) {
      if (!this.#isLeft) this.#host.fail(asError(error), this.sentUntil);
      return undefined;
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
