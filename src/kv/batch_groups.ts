import type { MessageHeaders } from "../door/mod.ts";
import type { Watched as AnyWatched } from "../jetstream/changes/watch.ts";
import type { Entry } from "./entry.ts";

type Watched = AnyWatched<Entry>;

/** The place of a message in its batch. */
export interface BatchPart {
  readonly id: string;
  /** The stream sequence right before the first message of the batch. */
  readonly before: number;
  /** Whether the message ends the batch. */
  readonly isLast: boolean;
}

/** A message's place in its batch; `undefined` if it belongs to none. */
export function partOf(headers: MessageHeaders, seq: number): BatchPart | undefined {
  const id = headers.get("Nats-Batch-Id");
  const place = Number(headers.get("Nats-Batch-Sequence"));
  if (id === undefined || !Number.isSafeInteger(place) || place < 1) return undefined;
  return { id, before: seq - place, isLast: headers.get("Nats-Batch-Commit") !== undefined };
}

/** A batch whose last message has not arrived. */
export interface OpenBatch {
  readonly id: string;
  readonly before: number;
  readonly changes: Watched[];
}

/**
 * Groups the changes of each batch. The messages of a batch are contiguous in the stream, so a batch ends with its last
 * message, or before the first message outside it. Some messages never arrive: they were overwritten, or their keys are
 * not watched.
 */
export class BatchGroups {
  #open: OpenBatch | undefined;

  /** The batch that is still incomplete. */
  get open(): OpenBatch | undefined {
    return this.#open;
  }

  /** Adds a change; returns the groups that are complete now. */
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

  /** Ends the open batch and returns what has arrived of it. */
  close(): Watched[] {
    const changes = this.#open?.changes ?? [];
    this.#open = undefined;
    return changes;
  }
}
