import type { MessageHeaders } from "../door/mod.ts";
import type { Entry } from "./entry.ts";

/** The header in which clients mark a removal (ADR-8). */
export const OPERATION = "KV-Operation";
/** The header in which the server says why it removed a value (ADR-43). */
const REASON = "Nats-Marker-Reason";

const OPERATIONS: Readonly<Record<string, Entry["kind"]>> = { DEL: "delete", PURGE: "purge" };
const REASONS: Readonly<Record<string, Entry["kind"]>> = {
  MaxAge: "expired",
  Purge: "purge",
  Remove: "delete",
};

/** The kind of a bucket's message; an unknown operation counts as a put, as in every client. */
export function kindOf(headers: MessageHeaders | undefined): Entry["kind"] {
  if (headers === undefined) return "put";
  const operation = headers.get(OPERATION);
  const reason = operation === undefined ? headers.get(REASON) : undefined;
  return (operation !== undefined ? known(OPERATIONS, operation) : known(REASONS, reason)) ?? "put";
}

function known<Value>(table: Readonly<Record<string, Value>>, word: string | undefined) {
  return word !== undefined && Object.hasOwn(table, word) ? table[word] : undefined;
}
