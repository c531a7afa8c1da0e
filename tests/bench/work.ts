/** Does so many operations, and gives the last answers, for whoever checks that they are right. */
export type Side<Answer> = (operations: number) => Answer | Promise<Answer>;

/** The same piece of work, done by ours and by the bare client. */
export interface Work<Answer = unknown> {
  readonly name: string;
  /** What one operation gives. */
  readonly unit: string;
  /** How many times as fast as the bare client ours should be. */
  readonly aim: number;
  readonly ours: Side<Answer>;
  readonly rival: Side<Answer>;
  /** Whether the answers are right; a method, so that works of all kinds fit into one list. */
  right(answer: Answer): boolean;
  /** The milliseconds that count, where not all of the work does; a method for the same reason. */
  took?(answer: Answer): number;
}

/**
 * Lets a side do so many operations, and gives the milliseconds they took.
 *
 * @throws {Error} if its answers are wrong: a fast wrong answer must not count
 */
export async function perform(
  work: Work,
  side: "ours" | "rival",
  operations: number,
): Promise<number> {
  const began = performance.now();
  const answer = await work[side](operations);
  const elapsed = performance.now() - began;
  if (!work.right(answer)) {
    throw new Error(`Cannot measure "${work.name}" as every answer must be right: ${side} is not`);
  }
  return work.took?.(answer) ?? elapsed;
}
