import { PatternTree } from "../subject/wildcards.ts";
import type { Handling } from "../subscriber/handling.ts";

/**
 * Records which subscribers answer on which subjects, so that no request gets two answers: the caller would take the
 * first and never see the second.
 */
export class Answering {
  readonly #queue: string | undefined;
  readonly #grouped = new PatternTree<Handling>();
  readonly #alone = new PatternTree<Handling>();

  /** `queue` is the queue group of subscribers that name no group. */
  constructor(queue: string | undefined) {
    this.#queue = queue;
  }

  /**
   * Adds subscribers that may answer beside the existing ones; adds all or none.
   *
   * @throws {TypeError} if a request would get two answers
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
    // a program that names two queue groups may want both to handle a request
    const other = this.#alone.overlapping(handling.subject) ??
      (tree === this.#alone ? this.#grouped.overlapping(handling.subject) : undefined);
    if (!other) return;
    throw new TypeError(
      `Cannot subscribe to "${handling.pattern}" as a request must be answered once, so that queue groups, ` +
        `filters on one pattern or noReply are needed: "${other.pattern}" answers it too`,
    );
  }
}
