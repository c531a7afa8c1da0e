import { PatternTree } from "../subject/pattern_tree.ts";

/** What a broker itself is subscribed to, by its patterns: an answer that went there would be its own next message. */
export class ServedSubjects {
  readonly #patterns = new PatternTree<object>();
  /** Patterns such as `>`, which hear every inbox as well: what they serve is all the rest. */
  readonly #all = new PatternTree<object>();

  add(pattern: string, subscriber: object): void {
    this.#treeOf(pattern).add(pattern, subscriber);
  }

  delete(pattern: string, subscriber: object): void {
    this.#treeOf(pattern).delete(pattern, subscriber);
  }

  /** Whether a message to the subject, or to one that matches the pattern, would come to the broker itself. */
  has(subject: string): boolean {
    if (this.#patterns.overlapping(subject) !== undefined) return true;
    return !subject.startsWith("_") && this.#all.overlapping(subject) !== undefined;
  }

  #treeOf(pattern: string): PatternTree<object> {
    return /^[*>](\.[*>])*$/.test(pattern) ? this.#all : this.#patterns;
  }
}
