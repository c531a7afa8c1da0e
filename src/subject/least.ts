import { admits, covers } from "./covers.ts";

/** What somebody wants to subscribe to, with or without a queue group. */
export interface Wanted {
  readonly subject: string;
  readonly queue?: string | undefined;
}

/**
 * The fewest entries that permit all that is wanted, as nats-server writes them, `"subject queue"`, and sorted.
 *
 * To nats-server an entry with a queue group takes all other groups away from what it admits, wider entries without a
 * group notwithstanding. So one that is covered stays where another one would keep it out.
 */
export function leastEntries(wanted: Iterable<Wanted>): string[] {
  const all = [...new Map([...wanted].map((one) => [written(one), one])).values()];
  const entries = widest(all);
  for (;;) {
    const missed = all.filter((one) => !permits(entries, one));
    if (missed.length === 0) return entries.map(written).sort();
    entries.push(...widest(missed));
  }
}

/** Those that no other one includes. */
function widest(all: readonly Wanted[]): Wanted[] {
  return all.filter((one) =>
    !all.some((other) =>
      other !== one && (other.queue === undefined || other.queue === one.queue) &&
      covers(other.subject, one.subject)
    )
  );
}

/** Whether nats-server permits it. */
function permits(entries: readonly Wanted[], { subject, queue }: Wanted): boolean {
  const named = queue === undefined
    ? []
    : entries.filter((one) => one.queue !== undefined && admits(one.subject, subject));
  if (named.length > 0) {
    return named.some((one) => one.queue === queue && covers(one.subject, subject));
  }
  return entries.some((one) => one.queue === undefined && covers(one.subject, subject));
}

function written({ subject, queue }: Wanted): string {
  return queue === undefined ? subject : `${subject} ${queue}`;
}
