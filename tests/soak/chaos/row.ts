import type { Fault } from "./fault.ts";
import type { Outcome } from "./outcome.ts";

/** The names of the columns. */
export const COLUMNS = [
  "fault",
  "messages/s",
  "requests/s",
  "faults",
  "accepted",
  "while disconnected",
  "delivered",
  "refused",
  "lost",
  "told as unconfirmed",
  "lost untold",
  "twice",
  "handled again, unconfirmed",
  "dead letters",
  "out of order",
  "two of a key at once",
  "asked",
  "answered",
  "failed in their time",
  "hung or late",
  "handled twice",
] as const;

export type Column = typeof COLUMNS[number];

/** A line of the table, without cells for the columns that do not apply to it. */
export type Row = Readonly<Partial<Record<Column, string | number>>>;

/** A row as it is shown. */
export function cellsOf(row: Row): string[] {
  return COLUMNS.map((column) => `${row[column] ?? "–"}`);
}

/** The figures of a kind of fault. */
export function rowOf({ title }: Fault, outcome: Outcome): Row {
  const { accepted, held, delivered, refused, lost, unconfirmed, untold, seconds } = outcome;
  const { asked, answered, failures, late, hung } = outcome;
  return {
    "fault": title,
    "messages/s": Math.round(accepted / seconds),
    "requests/s": Math.round(asked / seconds),
    "faults": outcome.faults,
    accepted,
    "while disconnected": held,
    delivered,
    refused,
    lost,
    "told as unconfirmed": unconfirmed,
    "lost untold": untold,
    "twice": outcome.duplicated,
    "out of order": outcome.disordered,
    asked,
    answered,
    "failed in their time": named(failures),
    "hung or late": hung + late,
    "handled twice": outcome.handledTwice,
  };
}

function named(failures: Readonly<Record<string, number>>): string {
  const parts = Object.entries(failures).sort().map(([name, count]) =>
    `${count} ${name.replace(/Error$/, "")}`
  );
  return parts.join(", ") || "0";
}
