import type { Watched } from "./watch.ts";

const BATCH = "Nats-Batch-Id";
const SEQUENCE = "Nats-Batch-Sequence";
const COMMIT = "Nats-Batch-Commit";

/** A batch of which not all has come yet. */
interface Open {
  readonly id: string;
  /** The number in the stream that comes before the first one of the batch. */
  readonly before: number;
  readonly changes: Watched[];
}

/**
 * Holds the changes of one batch together. A batch is stored as a whole, with nothing in between: so it has ended with
 * its last message, with the first that is not part of it, and if nothing follows. Some of its messages may be gone, as
 * they were overwritten, or be of other keys than those that are watched.
 */
export class BatchGroups {
  #open: Open | undefined;

  /** Takes a change; returns what belongs together and is whole: one list after the other. */
  take(watched: Watched): Watched[][] {
    const part = partOf(watched);
    const ended = this.#open && (!part || !this.#holds(part)) ? [this.#close()] : [];
    if (!part) return [...ended, [watched]];
    this.#open ??= { id: part.id, before: part.before, changes: [] };
    this.#open.changes.push(watched);
    const isWhole = part.isLast || watched.message.pending === 0;
    return isWhole ? [...ended, this.#close()] : ended;
  }

  /** What is held, as nothing follows. */
  flush(): Watched[] {
    return this.#open ? this.#close() : [];
  }

  #holds({ id, before }: Part): boolean {
    return this.#open!.id === id && this.#open!.before === before;
  }

  #close(): Watched[] {
    const { changes } = this.#open!;
    this.#open = undefined;
    return changes;
  }
}

interface Part {
  readonly id: string;
  readonly before: number;
  readonly isLast: boolean;
}

/** The place of a change in its batch; `undefined` if it is of none. */
function partOf({ message: { headerBlock, headers, seq } }: Watched): Part | undefined {
  if (!headerBlock) return undefined;
  const id = headers.get(BATCH);
  const place = Number(headers.get(SEQUENCE));
  if (id === undefined || !Number.isSafeInteger(place) || place < 1) return undefined;
  return { id, before: seq - place, isLast: headers.get(COMMIT) !== undefined };
}
