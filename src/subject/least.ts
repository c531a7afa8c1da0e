import { admits, covers } from "./covers.ts";

/** A wanted subscription, with or without a queue group. */
export interface Wanted {
  readonly subject: string;
  readonly queue?: string | undefined;
}

/**
 * The fewest permission entries for all wanted subscriptions, as nats-server writes them, `"subject queue"`, sorted.
 *
 * In nats-server an entry with a queue group forbids all other groups on the subjects it admits, even if a wider entry
 * without a group permits them. So the result keeps a covered entry that another entry would otherwise forbid.
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

/** The subscriptions that no other one includes. */
function widest(all: readonly Wanted[]): Wanted[] {
  return all.filter((one) =>
    !all.some((other) =>
      other !== one && (other.queue === undefined || other.queue === one.queue) &&
      covers(other.subject, one.subject)
    )
  );
}

/** Whether nats-server permits the subscription by these entries. */
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
