import type { Schema } from "@signalbox/nats";

/** A schema that takes what `fits`, as it is. */
export function schemaOf<T>(fits: (value: unknown) => boolean): Schema<T, T> {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        fits(value) ? { value: value as T } : { issues: [{ message: "unfit", path: ["id"] }] },
    },
  };
}

export const aNumber: Schema<number, number> = schemaOf((value) => typeof value === "number");
export const aText: Schema<string, string> = schemaOf((value) => typeof value === "string");
