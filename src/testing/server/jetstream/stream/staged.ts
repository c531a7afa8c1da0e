/** The messages of a batch that passed their checks, before any of them is stored. */
export class Staged {
  readonly #subjects = new Map<string, { messages: number; schedules: boolean }>();
  readonly #ids = new Set<string>();
  readonly #counters = new Map<string, bigint>();
  #size = 0;
  #bytes = 0;

  /** The number of messages. */
  get size(): number {
    return this.#size;
  }

  /** Their size by the stream's rules, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether it has a message of the subject. */
  has(subject: string): boolean {
    return this.#subjects.has(subject);
  }

  /** The number of messages of a subject. */
  countOf(subject: string): number {
    return this.#subjects.get(subject)?.messages ?? 0;
  }

  /** Whether the last message of a subject is a schedule; `undefined` without one. */
  isSchedule(subject: string): boolean | undefined {
    return this.#subjects.get(subject)?.schedules;
  }

  /** Records a message id; `false` if it is a duplicate within the batch. */
  note(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    return true;
  }

  /** A counter's total; `undefined` if the batch did not change it. */
  counter(subject: string): bigint | undefined {
    return this.#counters.get(subject);
  }

  /** Records a counter's new total. */
  count(subject: string, value: bigint): void {
    this.#counters.set(subject, value);
  }

  /** Adds a message. */
  add(subject: string, bytes: number, schedules: boolean): void {
    const messages = this.countOf(subject) + 1;
    this.#subjects.set(subject, { messages, schedules });
    this.#size++;
    this.#bytes += bytes;
  }
}
