import { asMilliseconds } from "../duration.ts";
import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import { ValidationError } from "../errors.ts";
import { describe, type Rule } from "../options.ts";
import { isThenable } from "../promises.ts";
import type { NextOptions } from "../reader.ts";

/**
 * A Standard Schema, version 1 (standardschema.dev): zod, valibot and arktype schemas implement it. What sends takes its
 * input, checks it, and sends what was given; what receives gives its output. So one schema with a transform serves both
 * ends.
 *
 * @example A number that travels as text
 * ```ts
 * import { NatsBroker, type Schema } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const price: Schema<number, string> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "by hand; zod, valibot and arktype make these",
 *     validate: (value) =>
 *       typeof value === "string" && Number(value) >= 0
 *         ? { value: Number(value) }
 *         : { issues: [{ message: "must be a price" }] },
 *   },
 * };
 * const broker = new NatsBroker();
 * broker.subscriber("double", { schema: price, replySchema: price }, ({ body }) => `${body * 2}`);
 * await using _test = await TestBroker.start(broker);
 *
 * const { body } = await broker.request("double", "12", { sendSchema: price, schema: price });
 * assertEquals(body, 24);
 * ```
 */
export interface Schema<Output = unknown, Input = Output> {
  /** The property that the standard defines. */
  readonly "~standard": {
    /** The standard's version. */
    readonly version: 1;
    /** The library that made the schema. */
    readonly vendor: string;
    /** Checks a value, and returns the transformed value or the issues. */
    validate(value: unknown): SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** The types, only for the compiler. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** A schema's result: the transformed value or the issues. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One issue of a value, in the standard's form. */
export interface SchemaIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where it is wrong, from the value's root. */
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

/** How long an async schema may take if nothing else limits it, in milliseconds, as a schema may hang. */
export const LONGEST_VALIDATION = 5_000;

/** Whether a value is a Standard Schema; arktype's are functions. */
export function isSchema(value: unknown): value is Schema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as Partial<Schema>)["~standard"];
  return standard?.version === 1 && typeof standard.validate === "function";
}

/** The rule for options that are a schema. */
export const standardSchema: Rule = (value) => isSchema(value) ? undefined : "a Standard Schema";

/** Makes the error to throw for a value that does not fit. */
export type Refusal = (error: ValidationError) => Error;

/**
 * Returns the value as the schema made it; a promise only if the schema is async. An exception of the schema's own code
 * passes unchanged, even if it is a `ValidationError`, and does not go through `refusal`.
 *
 * @throws {ValidationError} if the value does not fit, or the error that `refusal` makes of it
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

/**
 * Checks a value that is to be sent, and returns a promise only if the schema is async. What the schema makes of the
 * value is dropped, as a transform is for the schema of the receiver.
 *
 * @throws {ValidationError} if the value does not fit
 */
export function checkSent(schema: Schema, value: unknown): Promise<unknown> | undefined {
  const valid = validate(schema, value);
  return valid instanceof Promise ? valid : undefined;
}

function accepted<Output>(result: SchemaResult<Output>, refusal: Refusal | undefined): Output {
  if (Object(result) !== result) throw wrongResult(result);
  const { issues } = result;
  // decide by the issues, as valibot returns a value beside them
  if (!issues) return (result as { readonly value: Output }).value;
  if (!Array.isArray(issues)) throw wrongResult(issues);
  const error = new ValidationError((issues as readonly SchemaIssue[]).map(({ message, path }) => ({
    message,
    path: (path ?? []).map((step) => String(typeof step === "object" ? step.key : step)),
  })));
  throw refusal ? refusal(error) : error;
}

function wrongResult(found: unknown): TypeError {
  const rule = "its schema must give { value } or a list of { issues }";
  return new TypeError(`Cannot check a body as ${rule}: ${describe(found)}`);
}

/** A message whose asynchronous schema has not finished. */
class SlowCheck<T> {
  readonly message: Promise<T | undefined>;
  /** When the schema must have finished, by the clock. */
  readonly until: number;
  #hasFailed = false;
  readonly #left = Promise.withResolvers<undefined>();

  constructor(valid: Promise<T>, until: number) {
    this.until = until;
    valid.catch(() => void (this.#hasFailed = true));
    this.message = Promise.race([valid, this.#left.promise]);
    this.message.catch(() => {});
  }

  /** Whether the schema said no, or threw. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** No reader waits for it any more. */
  cancel(): void {
    this.#left.resolve(undefined);
  }
}

/** Waits for asynchronous schemas; a message whose schema takes longer than its reader waits is for the next reader. */
export class SlowChecks<T> {
  readonly #clock: Clock;
  readonly #action: string;
  readonly #subject: string;
  #late: SlowCheck<T>[] = [];
  readonly #running = new Set<SlowCheck<T>>();

  /** `action` and `subject` are for the error of a wait that takes too long. */
  constructor(clock: Clock, action: string, subject: string) {
    this.#clock = clock;
    this.#action = action;
    this.#subject = subject;
  }

  /** Begins to wait for a message, whose schema may take `longest` milliseconds. */
  begin(valid: Promise<T>, longest = LONGEST_VALIDATION): SlowCheck<T> {
    return new SlowCheck(valid, this.#clock.now() + longest);
  }

  /** The oldest message that its reader did not wait for. */
  shift(): SlowCheck<T> | undefined {
    return this.#late.shift();
  }

  /**
   * The message; `until` is when its reader stops waiting, by the clock.
   *
   * @throws {TimeoutError}
   * @throws the reason of the signal, or the error of the schema
   */
  async wait(
    check: SlowCheck<T>,
    until: number,
    options: NextOptions = {},
  ): Promise<T | undefined> {
    const clock = this.#clock;
    const left = Math.min(until, check.until) - clock.now();
    const given = until < check.until ? asMilliseconds(options.timeout) : LONGEST_VALIDATION;
    // a timer of Infinity would fire at once
    const timeout = left === Infinity ? undefined : Math.max(0, left);
    this.#running.add(check);
    try {
      const patience = { clock, timeout, given, signal: options.signal };
      return await within(check.message, patience, this.#action, this.#subject);
    } catch (error) {
      if (!check.hasFailed && clock.now() < check.until) this.#late.unshift(check);
      throw error;
    } finally {
      this.#running.delete(check);
    }
  }

  /** Ends all waits, and drops what is late. */
  cancel(): void {
    this.#late = [];
    for (const check of this.#running) check.cancel();
  }
}

/** A JSON Schema, as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A Standard JSON Schema (standardschema.dev); many a Standard Schema is one too. */
interface JsonSchemaSource {
  readonly "~standard"?: { readonly jsonSchema?: { readonly input: JsonSchemaWriter } };
}

type JsonSchemaWriter = (options: { readonly target: string }) => JsonSchema;

/** The dialects to ask a library for; the first that it supports wins. */
const DIALECTS = ["draft-2020-12", "draft-07"] as const;

/**
 * A schema as a JSON Schema; `undefined` if there is no schema, or its library offers none. It describes the schema's
 * input, as the wire carries the input in both directions.
 *
 * @throws what the library throws for a schema that JSON Schema cannot express
 */
export function jsonSchemaOf(schema: unknown): JsonSchema | undefined {
  let failed: unknown;
  for (const target of DIALECTS) {
    try {
      const source = (schema as JsonSchemaSource | undefined | null)?.["~standard"]?.jsonSchema;
      const written = source?.input({ target });
      if (isThenable(written)) {
        // nobody else awaits it
        Promise.resolve(written).catch(() => {});
        throw new TypeError("it is a promise");
      }
      // copy by way of text, as a library may return values that are no JSON, or change them later
      return source && JSON.parse(JSON.stringify(written));
    } catch (error) {
      // a library throws for a dialect that it does not know, too
      failed ??= error;
    }
  }
  throw failed;
}
