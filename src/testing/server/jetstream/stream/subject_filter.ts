import { isSubset } from "../../subject.ts";
import type { StoredMessage } from "../message.ts";
import type { MessageLog } from "./message_log.ts";

/** Matches a consumer's messages: those of any of the filter subjects, or all if there are none. */
export class SubjectFilter {
  readonly subjects: readonly string[];

  constructor(subjects: readonly string[]) {
    this.subjects = subjects;
  }

  /** Whether it matches the subject. */
  matches(subject: string): boolean {
    return this.subjects.length === 0 ||
      this.subjects.some((filter) => filter === subject || isSubset(subject, filter));
  }

  /** Whether the pattern covers all its subjects. */
  isWithin(pattern: string): boolean {
    return this.subjects.length > 0 && this.subjects.every((filter) => isSubset(filter, pattern));
  }

  /** The first matching message at or after a sequence. */
  next(log: MessageLog, from: number): StoredMessage | undefined {
    const [first = "", ...others] = this.subjects;
    let found = log.next(first, from);
    for (const filter of others) {
      const other = log.next(filter, from);
      if (other && !(found && found.seq <= other.seq)) found = other;
    }
    return found;
  }

  /** The last matching message. */
  last(log: MessageLog): StoredMessage | undefined {
    if (this.subjects.length === 0) return log.get(log.last);
    let found: StoredMessage | undefined;
    for (const filter of this.subjects) {
      const last = log.lastOf(filter);
      if (last && !(found && found.seq >= last.seq)) found = last;
    }
    return found;
  }

  /** The sequences of the last message of each subject, in order. */
  lastOfEach(log: MessageLog): number[] {
    const found = new Set(this.subjects.flatMap((filter) => log.lastOfEach(filter)));
    return [...found].sort((one, other) => one - other);
  }

  /** The number of matching messages from a sequence on. */
  count(log: MessageLog, from: number): number {
    if (this.subjects.length === 0) return log.countFrom("", from);
    return this.subjects.reduce((sum, filter) => sum + log.countFrom(filter, from), 0);
  }
}
