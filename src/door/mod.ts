/**
 * The seam for doors: what JetStream, key-value stores and whatever else brings messages or speaks to the server beside
 * the core build on. A door makes {@linkcode source}s, which `broker.subscriber()` takes, and registers what it does
 * with a broker by {@linkcode register}.
 *
 * @module
 */
import type { NatsBroker } from "../broker/broker.ts";
import type { Door } from "../broker/doors.ts";
import { coreOf } from "../broker/broker_core.ts";
import { registryOf } from "../broker/registry.ts";
import { asError } from "../legible.ts";
import type { BrokerAccess } from "../source/source.ts";

export type { Door } from "../broker/doors.ts";
export type { Arrival, Delivery, Invocation } from "../source/invocation.ts";
export { source } from "../source/source.ts";
export type {
  BrokerAccess,
  ConnectionChange,
  Kind,
  Needs,
  OpenSource,
  Outcome,
  RawOptions,
  RawRequestOptions,
  RawSubscription,
  Refused,
  Sink,
  Source,
  SourceDriver,
} from "../source/source.ts";

/**
 * Registers a door with a broker. With one that has started, the door starts at once, and a failure is an `error` event.
 * What it returns works once the broker is connected.
 *
 * @throws {TypeError} if it is no door, or if the broker has a door of this name already
 */
export function register(broker: NatsBroker, door: Door): BrokerAccess {
  const { doors, life } = coreOf(broker);
  const { context } = registryOf(broker);
  doors.add(door);
  if (life.isStarted) doors.start(context).catch((error) => context.report(asError(error)));
  return context;
}

/** What a broker consists of: plain data. */
export interface BrokerDescription {
  readonly handlers: readonly SubscriptionDescription[];
  readonly readers: readonly { readonly pattern: string; readonly queue: string | undefined }[];
  /** Where publishers send to, as wildcards. */
  readonly publishers: readonly string[];
  /** What each door says of itself, by its name. */
  readonly doors: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A subscriber with a handler. */
export interface SubscriptionDescription {
  readonly pattern: string;
  readonly queue: string | undefined;
  /** What its source says of itself, if it has one. */
  readonly source: Readonly<Record<string, unknown>> | undefined;
  /** The schemas as JSON Schemas in text, where their library has them. */
  readonly schemas: Readonly<Record<string, string>>;
}

/** Describes a broker and its doors. */
export function describe(broker: NatsBroker): BrokerDescription {
  const { handled, readers, published } = registryOf(broker);
  const doors = coreOf(broker).doors.all.map((door) => [door.name, door.describe?.() ?? {}]);
  return {
    handlers: handled.map(({ pattern, queue, key, driver: { description }, schemas }) => {
      const source = typeof key === "string" ? undefined : { ...description, name: key.name };
      return { pattern, queue, source, schemas };
    }),
    readers: readers.map(({ pattern, queue }) => ({ pattern, queue })),
    publishers: published,
    doors: Object.fromEntries(doors),
  };
}

/** The counts of a broker's handlers, by their patterns, and of its doors, by their names. */
export function stats(broker: NatsBroker): {
  readonly handlers: Readonly<
    Record<string, { readonly handled: number; readonly dropped: number }>
  >;
  readonly doors: Readonly<Record<string, Readonly<Record<string, number>>>>;
} {
  const { handled } = registryOf(broker);
  const { doors: { all } } = coreOf(broker);
  return {
    handlers: Object.fromEntries(handled.map(({ pattern, counts }) => [pattern, counts])),
    doors: Object.fromEntries(all.map((door) => [door.name, door.stats?.() ?? {}])),
  };
}
