/** What of a batch has been found good, before any of it is stored. */
export class Staged {
  readonly #subjects = new Map<string, { messages: number; schedules: boolean }>();
  readonly #ids = new Set<string>();
  readonly #counters = new Map<string, bigint>();
  #size = 0;
  #bytes = 0;

  /** How many messages. */
  get size(): number {
    return this.#size;
  }

  /** What they count for, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Is there one of that subject? */
  has(subject: string): boolean {
    return this.#subjects.has(subject);
  }

  /** How many are there of that subject? */
  countOf(subject: string): number {
    return this.#subjects.get(subject)?.messages ?? 0;
  }

  /** Is the last one of that subject a schedule? `undefined` without one. */
  isSchedule(subject: string): boolean | undefined {
    return this.#subjects.get(subject)?.schedules;
  }

  /** Notes the id of a message; `false` where another one has it. */
  note(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    return true;
  }

  /** What a counter stands at; `undefined` where it was not counted. */
  counter(subject: string): bigint | undefined {
    return this.#counters.get(subject);
  }

  /** A counter stands at another value. */
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
