import { PatternTree } from "../subject/pattern_tree.ts";
import type { Handling } from "../subscriber/handling.ts";

/** Who answers on which subjects, so that no request is answered twice: one answer would make the caller happy, the other vanish. */
export class Answering {
  readonly #queue: string | undefined;
  readonly #grouped = new PatternTree<Handling>();
  readonly #alone = new PatternTree<Handling>();

  /** With the queue group of those that name none. */
  constructor(queue: string | undefined) {
    this.#queue = queue;
  }

  /**
   * Takes in those that may answer beside the ones here, all or none.
   *
   * @throws {TypeError} if a request would be answered twice
   */
  add(handlings: readonly Handling[]): void {
    for (const handling of handlings) this.#check(handling);
    for (const handling of handlings) this.#treeOf(handling)?.add(handling.subject, handling);
  }

  delete(handling: Handling): void {
    this.#treeOf(handling)?.delete(handling.subject, handling);
  }

  #treeOf({ answers, queue }: Handling): PatternTree<Handling> | undefined {
    if (answers === "none") return undefined;
    return (queue ?? this.#queue) === undefined ? this.#alone : this.#grouped;
  }

  #check(handling: Handling): void {
    const tree = this.#treeOf(handling);
    if (!tree) return;
    // whoever names queue groups may want both of two to be asked
    const other = this.#alone.overlapping(handling.subject) ??
      (tree === this.#alone ? this.#grouped.overlapping(handling.subject) : undefined);
    if (!other) return;
    throw new TypeError(
      `Cannot subscribe to "${handling.pattern}" as a request must be answered once, so that queue groups, ` +
        `filters on one pattern or noReply are needed: "${other.pattern}" answers it too`,
    );
  }
}
