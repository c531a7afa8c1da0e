import type { MessageHeaders } from "../door/mod.ts";
import type { Entry } from "./entry.ts";

/** ADR-8: how a client marks that it has removed a value. */
export const OPERATION = "KV-Operation";
/** ADR-43: why the server has removed one. */
const REASON = "Nats-Marker-Reason";

const OPERATIONS: Readonly<Record<string, Entry["kind"]>> = { DEL: "delete", PURGE: "purge" };
const REASONS: Readonly<Record<string, Entry["kind"]>> = {
  MaxAge: "expired",
  Purge: "purge",
  Remove: "delete",
};

/** What a message of a bucket stands for; an operation that nobody knows is a put, as every client reads it. */
export function kindOf(headers: MessageHeaders | undefined): Entry["kind"] {
  if (headers === undefined) return "put";
  const operation = headers.get(OPERATION);
  const reason = operation === undefined ? headers.get(REASON) : undefined;
  return (operation !== undefined ? known(OPERATIONS, operation) : known(REASONS, reason)) ?? "put";
}

function known<Value>(table: Readonly<Record<string, Value>>, word: string | undefined) {
  return word !== undefined && Object.hasOwn(table, word) ? table[word] : undefined;
}
