import { CHANGES } from "../message/signalbox_headers.ts";
import type { StoredEntry } from "./values.ts";

/** How many writers a value names at most, the last one first. */
const MOST_MARKS = 64;
/** How long values name a change, in seconds: longer than its writer waits for an answer. */
const NAMED = 300;
const MARK = /^([\w-]{1,32})\.(\d{1,15})(?:\.(\d{1,15})\.(\d{1,15}))?$/;

/** Which change of which writer, by its own count. */
export interface ChangeId {
  readonly writer: string;
  readonly count: number;
}

/** The last change that a writer has made of a key. */
export interface ChangeMark extends ChangeId {
  /** The revision that it has made. */
  readonly revision: number;
  /** When, in seconds since 1970 by the server's clock. */
  readonly time: number;
}

/**
 * The changes that a value names. A server that restarts forgets the ids of overwritten values. A writer that got no answer
 * then finds its change only here.
 */
export function marksOf(stored: StoredEntry | undefined): readonly ChangeMark[] {
  const text = stored?.headers?.get(CHANGES);
  if (stored === undefined || text === undefined) return [];
  const { seq, time } = stored;
  return text.split(",", MOST_MARKS).flatMap((part) => {
    const [, writer, count, revision = seq, second = secondOf(time)] = MARK.exec(part) ?? [];
    if (writer === undefined) return [];
    const [made, at] = [Number(revision), Number(second)];
    return { writer, count: Number(count), revision: made, time: at };
  });
}

/** The header of a new value: this change first, then those that the value before it names. */
export function markedBy(
  { writer, count }: ChangeId,
  before: StoredEntry | undefined,
): readonly [name: string, value: string] {
  const others = marksOf(before)
    .filter((mark) => mark.writer !== writer && secondOf(before!.time) - mark.time < NAMED)
    .slice(0, MOST_MARKS - 1)
    .map((mark) => `${mark.writer}.${mark.count}.${mark.revision}.${mark.time}`);
  return [CHANGES, [`${writer}.${count}`, ...others].join(",")];
}

function secondOf(time: Date): number {
  return Math.floor(time.getTime() / 1_000);
}
