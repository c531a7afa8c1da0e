import type { KeptSubscription } from "./subscriptions.ts";

/** So many subjects at most are known between two questions. */
const MOST = 4_096;

/** So many refusals at most are kept until their question is answered: a server may never answer it. */
const MOST_REFUSALS = 1_024;

/** What was sent between two questions to the server: its refusals come before the answer to the second. */
export class SentBatch {
  readonly entries: KeptSubscription[] = [];
  /** What the server refused without saying what it was. */
  readonly refusals: Error[] = [];
  readonly #subjects: string[] = [];
  /** Those of them that were looked at, as refusals may come in a flood: anyone may name a forbidden address of reply. */
  readonly #known = new Set<string>();
  #looked = 0;

  /** The server has refused something of it; gives whether there was room to keep that. */
  refused(refusal: Error): boolean {
    return this.refusals.length < MOST_REFUSALS && this.refusals.push(refusal) > 0;
  }

  /** A message of the program's own; gives whether it is time to ask. */
  published(subject: string): boolean {
    return this.#subjects.push(subject) >= MOST;
  }

  hasPublished(subject: string): boolean {
    while (this.#looked < this.#subjects.length) this.#known.add(this.#subjects[this.#looked++]!);
    return this.#known.has(subject);
  }
}

/** What the server has not answered for yet: each answer to a question is an answer to all that was sent before it. */
export class UnconfirmedBatches {
  #open = new SentBatch();
  #flushed: SentBatch[] = [];
  /** The last subject that the open batch knows. */
  #latest: string | undefined;

  /** A message of the program's own; gives whether it is time to ask. */
  published(subject: string): boolean {
    // most programs publish to one subject many times
    if (subject === this.#latest) return false;
    this.#latest = subject;
    return this.#open.published(subject);
  }

  /** What is sent now belongs here. */
  get open(): SentBatch {
    return this.#open;
  }

  /** What the server says now belongs here. */
  get oldest(): SentBatch {
    return this.#flushed[0] ?? this.#open;
  }

  /** Whether an answer is on its way. */
  get isFlushing(): boolean {
    return this.#flushed.length > 0;
  }

  /** A question leaves; gives what it asks for. */
  flush(): SentBatch {
    const asked = this.#open;
    this.#flushed.push(asked);
    this.#open = new SentBatch();
    this.#latest = undefined;
    return asked;
  }

  /** The question was answered, and with it those before. */
  confirmed(batch: SentBatch): void {
    this.#flushed.splice(0, this.#flushed.indexOf(batch) + 1);
  }

  /** Whether the program itself has published there, as far as is not answered for. */
  hasPublished(subject: string): boolean {
    return this.#open.hasPublished(subject) ||
      this.#flushed.some((batch) => batch.hasPublished(subject));
  }

  /** Forgets all: the connection has gone. Gives what was refused and not seen to. */
  clear(): Error[] {
    const refusals = [...this.#flushed, this.#open].flatMap((batch) => batch.refusals);
    this.#flushed = [];
    this.#open = new SentBatch();
    this.#latest = undefined;
    return refusals;
  }
}
