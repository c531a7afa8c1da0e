import type { Bounds } from "../backlog.ts";
import type { Schema } from "../message/schema.ts";
import { isSchema } from "../message/schema.ts";
import { bytes, checkOptions, count, record } from "../options.ts";
import { isToken } from "../subject/subject.ts";

/** How a subject is served. */
export interface SubscriberOptions<Body = unknown> {
  /** The queue group: of all its members, one gets a message. @default {undefined, every subscriber gets it} */
  readonly queue?: string;
  /** Checks the body and gives it its type; a body that does not fit is answered with 400. */
  readonly schema?: Schema<Body>;
  /** How many handlers run at a time; 1 keeps the order. @default {64} */
  readonly concurrency?: number;
  /** How much may wait for a handler; beyond it a caller is told 429. @default {{ messages: 65_536, bytes: 67_108_864 }} */
  readonly maxPending?: Partial<Bounds>;
}

/** The options with their defaults filled in. */
export interface SubscriberSettings {
  readonly queue: string | undefined;
  readonly schema: Schema | undefined;
  readonly concurrency: number;
  readonly bounds: Bounds;
}

const RULES = {
  queue: (value: unknown) => isToken(value) ? undefined : "one token of printable ASCII",
  schema: (value: unknown) => isSchema(value) ? undefined : "a Standard Schema",
  concurrency: count,
  maxPending: record,
};

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} naming the first option that is unknown or wrong
 */
export function subscriberSettings(
  subject: string,
  options: SubscriberOptions = {},
): SubscriberSettings {
  const action = `subscribe to "${subject}"`;
  checkOptions(action, options, RULES);
  checkOptions(action, options.maxPending, { messages: count, bytes });
  const { queue, schema, concurrency = 64, maxPending } = options;
  const bounds = { messages: 65_536, bytes: 67_108_864, ...maxPending };
  return { queue, schema, concurrency, bounds };
}
