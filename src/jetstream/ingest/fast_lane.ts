import type { Timer } from "../../clock.ts";
import type { PermissionError } from "../../errors.ts";
import { asError } from "../../legible.ts";
import type { PubAck } from "../api/api_types.ts";
import { UnknownOutcomeError } from "../api/errors.ts";
import { askStored } from "../publish/recovery.ts";
import type { BatchAnswer } from "./batch_answer.ts";
import { FastBatch } from "./fast_batch.ts";
import type { IngestHost, IngestLane } from "./host.ts";

/** The most messages between two answers that the server takes from one batch. */
const MOST_FLOW = 500;
/** Milliseconds before a new batch, after the stream took none. */
const FIRST_RETRY = 50;
const LONGEST_RETRY = 1_000;
/** Milliseconds without an answer after which a batch is left. */
const FIRST_SILENCE = 2_000;
const LONGEST_SILENCE = 8_000;

/**
 * Stores messages by fast batches, one after the other. When a batch breaks, the next one begins with the first message
 * that is not known to be stored: whatever was stored already has its id there, so that the stream skips it.
 *
 * A leader skips a message also while it only intends to store the first one of the same id, and acknowledges it. So what an
 * earlier batch has sent is in doubt until a message after it is confirmed that was never sent before: the log is in
 * order. Where no such message follows, the stream is asked for the last one in doubt.
 */
export class FastLane implements IngestLane {
  readonly #host: IngestHost;
  readonly #withoutBatches: (sentUntil: number) => void;
  readonly #stopListening: () => void;
  #batch: FastBatch | undefined;
  /** Messages before this number were sent in batches that are over, and may be stored. */
  #doubtUntil = 0;
  /** Messages before this number were sent on connections that are lost. */
  #lostUntil = 0;
  #retrying: Timer | undefined;
  #watching: Timer | undefined;
  #holding: Timer | undefined;
  /** Whether nothing has followed the last message for a turn. */
  #wasHeld = false;
  #isAsking = false;
  #heardAt = 0;
  /** How often in a row a batch broke. */
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
      // the last message ends the batch, unless more come in this turn, or before the stream answers
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

  /** Begins a batch, unless the stream may have forgotten what it has of it. */
  #begin(now: number): FastBatch | undefined {
    const { backlog, settings, action, subject, api: { access } } = this.#host;
    const { idWindow, maxPending, maxPendingBytes } = settings;
    const { sentAt = now, id } = backlog.at(backlog.first);
    if (now - sentAt >= idWindow) {
      const rule = `the stream must still know its id, which it does for ${idWindow} ms`;
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

  /** The batch has ended with the messages before `end`: with its last one, or earlier. */
  #done(end: number, ack: PubAck): void {
    const { backlog } = this.#host;
    const doubtUntil = this.#doubtUntil;
    const isWhole = end === this.sentUntil;
    const isProven = end > doubtUntil || doubtUntil <= backlog.first;
    this.#abandon();
    if (isProven) {
      // what follows was dropped with the end of the batch; what was sent before is still in doubt
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

  /** The stream has refused a message: but an earlier batch may have stored it. */
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

  /** Has only the messages before this one stored, as it is not, and none after it. */
  #refuse(number: number, error: Error): void {
    this.#doubtUntil = number;
    this.#host.refuse(number, error);
    this.pump();
  }

  /**
   * Asks the stream for a message that was sent; if it has it, it has those before, too. `undefined` once the ingest has
   * ended, or has failed for want of an answer.
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
      // another connection may have been permitted to
      if (number < this.#lostUntil) return this.#host.fail(error, sentUntil);
      this.#abandon(number);
      return this.#refuse(number, error);
    }
  }

  /** Leaves the batch; what was sent may be stored, but for what comes from `missing` on, as a batch has no gaps. */
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

  /** Begins anew: at once, or after a while if that was of no use before. */
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

  /** Leaves a batch that the stream does not answer. */
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
