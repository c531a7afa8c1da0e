import { ValidationError } from "../errors.ts";
import type { Rule } from "../options.ts";
import { isThenable } from "../thenable.ts";

/** A Standard Schema, version 1 (standardschema.dev): what zod, valibot and arktype schemas are. */
export interface Schema<Output = unknown, Input = unknown> {
  /** The one property that the standard names. */
  readonly "~standard": {
    /** The standard's version. */
    readonly version: 1;
    /** The library the schema is from. */
    readonly vendor: string;
    /** Checks a value, and gives what it became or what is wrong with it. */
    validate(value: unknown): SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** The types, for the compiler alone. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema says of a value: the value as it became, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that is wrong with a value, as the standard words it. */
export interface SchemaIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where it is wrong, from the value's root. */
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

/** How long a schema may take where nothing else bounds it, in milliseconds: one that hangs must not be waited for for ever. */
export const LONGEST_VALIDATION = 5_000;

/** Whether a value is a Standard Schema; arktype's are functions. */
export function isSchema(value: unknown): value is Schema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as Partial<Schema>)["~standard"];
  return standard?.version === 1 && typeof standard.validate === "function";
}

/** The rule for options that are a schema. */
export const standardSchema: Rule = (value) => isSchema(value) ? undefined : "a Standard Schema";

/** Gives what is thrown for a value that does not fit. */
export type Refusal = (error: ValidationError) => Error;

/**
 * Gives the value as the schema made it; a promise only where the schema needs one. What the schema's own code throws may be
 * a `ValidationError` of something else, and is no refusal.
 *
 * @throws {ValidationError} if it does not fit, or what `refusal` makes of that
 */
export function validate<Output>(
  schema: Schema<Output>,
  value: unknown,
  refusal?: Refusal,
): Output | Promise<Output> {
  const result = schema["~standard"].validate(value);
  return isThenable(result)
    ? Promise.resolve(result).then((result) => accepted(result, refusal))
    : accepted(result, refusal);
}

function accepted<Output>(result: SchemaResult<Output>, refusal: Refusal | undefined): Output {
  // valibot gives a value beside the issues, so the issues are what decides
  if (!result.issues) return result.value;
  const error = new ValidationError(result.issues.map(({ message, path = [] }) => ({
    message,
    path: path.map((step) => String(typeof step === "object" ? step.key : step)),
  })));
  throw refusal ? refusal(error) : error;
}
