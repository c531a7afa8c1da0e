import type { MessageHeaders } from "../door/mod.ts";
import type { Watched as AnyWatched } from "../jetstream/changes/watch.ts";
import type { Entry } from "./entry.ts";

type Watched = AnyWatched<Entry>;

/** The place of a message in its batch. */
export interface BatchPart {
  readonly id: string;
  /** The number in the stream that comes before the first message of the batch. */
  readonly before: number;
  /** Whether it is the last one. */
  readonly isLast: boolean;
}

/** The place of a message in its batch; `undefined` if it is of none. */
export function partOf(headers: MessageHeaders, seq: number): BatchPart | undefined {
  const id = headers.get("Nats-Batch-Id");
  const place = Number(headers.get("Nats-Batch-Sequence"));
  if (id === undefined || !Number.isSafeInteger(place) || place < 1) return undefined;
  return { id, before: seq - place, isLast: headers.get("Nats-Batch-Commit") !== undefined };
}

/** A batch of which not all has come. */
export interface OpenBatch {
  readonly id: string;
  readonly before: number;
  readonly changes: Watched[];
}

/**
 * Holds the changes of one batch together. A batch is stored with nothing in between: so it has ended with its last
 * message, and before the first that is not part of it. Some of its messages may never come, as they were overwritten, or
 * are of keys that are not watched.
 */
export class BatchGroups {
  #open: OpenBatch | undefined;

  /** The batch of which not all has come. */
  get open(): OpenBatch | undefined {
    return this.#open;
  }

  /** Takes a change; returns what is whole now: lists of what belongs together. */
  take(watched: Watched): Watched[][] {
    const { headerBlock, headers, seq } = watched.message;
    const part = headerBlock && partOf(headers, seq);
    const isSame = part?.id === this.#open?.id && part?.before === this.#open?.before;
    const whole = this.#open && !isSame ? [this.close()] : [];
    if (!part) return [...whole, [watched]];
    this.#open ??= { id: part.id, before: part.before, changes: [] };
    this.#open.changes.push(watched);
    return part.isLast ? [...whole, this.close()] : whole;
  }

  /** What has come of the open batch, as no more of it comes. */
  close(): Watched[] {
    const changes = this.#open?.changes ?? [];
    this.#open = undefined;
    return changes;
  }
}
