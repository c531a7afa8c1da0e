import type { Schema, SchemaResult } from "@signalbox/nats";

type Validate = (value: unknown) => SchemaResult<unknown> | Promise<SchemaResult<unknown>>;

/** A schema of nothing but this function. */
export function schemaOf(validate: Validate): Schema {
  return { "~standard": { version: 1, vendor: "signalbox-tests", validate } };
}

/** Takes objects with a whole number `n`. */
export const numbered: Validate = (value) => {
  const n = (value as { n?: unknown } | null | undefined)?.n;
  return Number.isInteger(n) ? { value: { n } } : {
    issues: [{ message: "must be a whole number", path: ["n"] }],
  };
};
