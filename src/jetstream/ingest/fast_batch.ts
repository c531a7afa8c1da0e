import type { BrokerAccess, RawMessage, RawSubscription } from "../../door/mod.ts";
import { type BatchAnswer, readBatchAnswer } from "./batch_answer.ts";
import type { Kept } from "./backlog.ts";

/** The place of a message in its batch. */
const START = 0, APPEND = 1, COMMIT = 2;

/** What to do with the answers of a batch. */
export interface BatchReader {
  /** For errors: the subject of a message by its number in the ingest. */
  subjectOf(number: number): string;
  /** Called with each answer. */
  answered(answer: BatchAnswer): void;
  /** Called if the server refuses the inbox of the answers. */
  refused(error: Error): void;
}

/**
 * A fast batch of nats-server 2.14: its messages are stored as they come, in order and without a gap, and answered now
 * and then. The reply subjects say what each message is in the batch. It ends with its last message, and needs none of its
 * own, which subscribers of the subject would see.
 */
export class FastBatch {
  readonly #access: BrokerAccess;
  readonly #reader: BatchReader;
  readonly #id: string;
  /** What every reply subject begins with. */
  readonly #prefix: string;
  readonly #subscription: RawSubscription;
  /** How many messages the stream said that it takes before it answers. */
  #every = 0;
  #isCommitted = false;
  #isOver = false;

  /** The number of its first message in the ingest. */
  readonly first: number;
  /** How many messages were sent. */
  count = 0;
  /** How many of them the stream has taken, as far as it said so. */
  taken = 0;

  /** Begins one that is to be answered after `flow` messages at most. */
  constructor(access: BrokerAccess, first: number, flow: number, reader: BatchReader) {
    this.#access = access;
    this.#reader = reader;
    this.first = first;
    const inbox = access.newInbox();
    this.#id = inbox.slice(inbox.lastIndexOf(".") + 1);
    this.#prefix = `${inbox}.${flow}.fail.`;
    const take = (packet: RawMessage) => this.#take(packet);
    const refused = (error: Error) => this.#isOver || reader.refused(error);
    this.#subscription = access.subscribe(`${inbox}.>`, take, { refused });
  }

  /** How many messages may be sent now: the first is answered before the second is sent. */
  get room(): number {
    if (this.#isCommitted || this.#isOver) return 0;
    if (this.count === 0) return 1;
    return this.#every === 0 ? 0 : this.taken + 2 * this.#every - this.count;
  }

  /** Whether the stream will answer what was sent without more. */
  get isAnswerDue(): boolean {
    return this.#every === 0 || this.count >= this.taken + this.#every;
  }

  /** Whether messages wait for an answer. */
  get isWaiting(): boolean {
    return this.#isCommitted || this.taken < this.count || this.#every === 0;
  }

  /** Sends the next message; the last one ends the batch. */
  send(kept: Kept, isLast: boolean, now: number): void {
    const at = this.count + 1;
    const kind = isLast ? COMMIT : at === 1 ? START : APPEND;
    const { subject, data, headerBlock } = kept;
    const replyTo = `${this.#prefix}${at}.${kind}.$FI`;
    const message = { subject, replyTo, data, headerBlock, isAwaited: true as const };
    this.#access.send(message);
    kept.message = message;
    kept.sentAt ??= now;
    this.count = at;
    this.#isCommitted = isLast;
  }

  /** Listens to nothing any more. */
  leave(): void {
    this.#isOver = true;
    this.#subscription.unsubscribe();
  }

  #take(packet: RawMessage): void {
    if (this.#isOver || !packet.subject.startsWith(this.#prefix)) return;
    const at = Number.parseInt(packet.subject.slice(this.#prefix.length), 10);
    if (!(at >= 1 && at <= this.count)) return;
    const subjectAt = (place: number) => this.#reader.subjectOf(this.first + place - 1);
    const about = { subjectAt, batch: this.#id, at, sent: this.count };
    const answer = readBatchAnswer(about, packet);
    if (!answer) return;
    if (answer.kind === "flow") {
      this.#every = answer.every;
      this.taken = Math.max(this.taken, answer.count);
    }
    this.#reader.answered(answer);
  }
}
