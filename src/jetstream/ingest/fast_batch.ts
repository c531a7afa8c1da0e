import type { BrokerAccess, RawMessage, RawSubscription } from "../../door/mod.ts";
import { type BatchAnswer, readBatchAnswer } from "./batch_answer.ts";
import type { Kept } from "./backlog.ts";

/** The codes for a message in its batch: the first one, a further one, and the last one. */
const START = 0, APPEND = 1, COMMIT = 2;

/** Receives the answers of a batch. */
export interface BatchReader {
  /** Returns the subject of the message with this number in the ingest, for errors. */
  subjectOf(number: number): string;
  /** Called with each answer. */
  answered(answer: BatchAnswer): void;
  /** Called if the server refuses the subscription for the answers. */
  refused(error: Error): void;
}

/**
 * A fast batch, as nats-server has it since 2.14. The stream stores the messages as they come, in order and without a gap,
 * and answers only some of them. The reply subject of each message says what the message is in the batch. The last message
 * ends the batch; a separate end message would also reach subscribers of the subject.
 */
export class FastBatch {
  readonly #access: BrokerAccess;
  readonly #reader: BatchReader;
  readonly #id: string;
  /** The prefix of every reply subject. */
  readonly #prefix: string;
  readonly #subscription: RawSubscription;
  /** How many messages the stream takes between two answers, as it last said. */
  #every = 0;
  #isCommitted = false;
  #isOver = false;

  /** The number of the batch's first message in the ingest. */
  readonly first: number;
  /** How many messages were sent. */
  count = 0;
  /** How many of the sent messages the stream has taken, as it last said. */
  taken = 0;

  /** Begins a batch that the stream answers after `flow` messages at most. */
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

  /** How many messages may be sent now; the second one waits for the answer to the first one. */
  get room(): number {
    if (this.#isCommitted || this.#isOver) return 0;
    if (this.count === 0) return 1;
    return this.#every === 0 ? 0 : this.taken + 2 * this.#every - this.count;
  }

  /** Whether the stream answers the sent messages even if no further message follows. */
  get isAnswerDue(): boolean {
    return this.#every === 0 || this.count >= this.taken + this.#every;
  }

  /** Whether messages wait for an answer. */
  get isWaiting(): boolean {
    return this.#isCommitted || this.taken < this.count || this.#every === 0;
  }

  /** Sends the next message; `isLast` ends the batch with it. */
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

  /** Ends the subscription for the answers. */
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
