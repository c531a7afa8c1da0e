import { PatternTree } from "../subject/wildcards.ts";

/** The patterns that a broker subscribes to: an answer to one of them would come back as the broker's next message. */
export class ServedSubjects {
  readonly #patterns = new PatternTree<object>();
  /** Patterns such as `>`, which also match every inbox; they serve all subjects except the inboxes. */
  readonly #all = new PatternTree<object>();

  add(pattern: string, subscriber: object): void {
    this.#treeOf(pattern).add(pattern, subscriber);
  }

  delete(pattern: string, subscriber: object): void {
    this.#treeOf(pattern).delete(pattern, subscriber);
  }

  /** Whether a message to the subject, or to a subject that the pattern matches, would come to the broker itself. */
  has(subject: string): boolean {
    if (this.#patterns.overlapping(subject) !== undefined) return true;
    return !subject.startsWith("_") && this.#all.overlapping(subject) !== undefined;
  }

  #treeOf(pattern: string): PatternTree<object> {
    return /^[*>](\.[*>])*$/.test(pattern) ? this.#all : this.#patterns;
  }
}
