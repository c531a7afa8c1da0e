import { describe } from "../options.ts";
import { handled, isThenable } from "../promises.ts";
import type { HandledSubscription } from "../subscriber/handled_subscription.ts";
import type { ReadSubscription } from "../subscriber/read_subscription.ts";
import type { BrokerCore } from "./broker_core.ts";
import type { Registry } from "./registry.ts";

/**
 * The counts of a broker, as plain data; `broker.stats()` gives them.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * const orders = broker.subscriber("orders.{id}", () => {});
 * await using _test = await TestBroker.start(broker);
 *
 * await broker.publish("orders.7");
 * await orders.received();
 * assertEquals(broker.stats().handlers.map(({ handled }) => handled), [1]);
 * ```
 */
export interface BrokerStats {
  /** The counts of the subscribers with handlers, those of sessions included. */
  readonly handlers: readonly HandlerStats[];
  /** The counts of the subscribers without handlers. */
  readonly readers: readonly ReaderStats[];
  /** The sessions and streamed replies that are open now, served and opened here, by subject. */
  readonly sessions: readonly OpenSessions[];
  /** The counts of the doors, such as JetStream. */
  readonly doors: readonly DoorStats[];
}

/** The counts of one subscriber with handlers. */
export interface HandlerStats {
  /** The pattern, with the prefixes of all routers it is in. */
  readonly pattern: string;
  /** The queue group that its options name. */
  readonly queue: string | undefined;
  /** The name of the source that its messages come from; `undefined` if they come from a subject. */
  readonly source: string | undefined;
  /** How many messages were handled, including failures. */
  readonly handled: number;
  /** How many were dropped: for want of room, or because their reply addresses are not permitted. */
  readonly dropped: number;
  /** How many are being handled, or wait for their handler. */
  readonly pending: number;
}

/** The counts of one subscriber without a handler. */
export interface ReaderStats {
  /** The pattern, with the prefixes of all routers it is in. */
  readonly pattern: string;
  /** The queue group that its options name. */
  readonly queue: string | undefined;
  /** How many messages were dropped for want of room. */
  readonly dropped: number;
}

/** The open sessions and streamed replies of one subject. */
export interface OpenSessions {
  /** The subject of their openings. */
  readonly subject: string;
  /** How many are open. */
  readonly open: number;
}

/** The counts of one door. */
export interface DoorStats {
  /** The name of the door. */
  readonly name: string;
  /** The counts, by what the door calls them. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Counts what a broker does. A door whose counts cannot be read is left out, and reported. */
export function statsOf(core: BrokerCore, { handled, readers }: Registry): BrokerStats {
  return {
    handlers: handled.map(handlerStats),
    readers: readers.map(readerStats),
    sessions: openSessions(core),
    doors: core.doors.all.flatMap((door) => {
      const what = `the counts of the door "${door.name}"`;
      const counts = plainOf(core, what, () => numbers(door.stats?.() ?? {}));
      return counts ? [{ name: door.name, counts }] : [];
    }),
  };
}

/** The counts of a subscriber with handlers. */
export function handlerStats(subscription: HandledSubscription): HandlerStats {
  const { pattern, queue, key, counts, atWork } = subscription;
  const source = typeof key === "string" ? undefined : key.name;
  return { pattern, queue, source, ...counts, pending: atWork };
}

/** The counts of a subscriber without a handler. */
export function readerStats({ pattern, queue, dropped }: ReadSubscription): ReaderStats {
  return { pattern, queue, dropped };
}

/** How many sessions and streams are open, by subject. */
export function openSessions({ links }: BrokerCore): readonly OpenSessions[] {
  const open = new Map<string, number>();
  for (const subject of links.subjects) open.set(subject, (open.get(subject) ?? 0) + 1);
  return Array.from(open, ([subject, open]) => ({ subject, open }));
}

/**
 * Reads a part that others make, as a copy. One that throws, or is no plain data, must not keep the program from the
 * other parts: it is reported, and `undefined`.
 */
export function plainOf<T>(
  { feed }: Pick<BrokerCore, "feed">,
  what: string,
  read: () => T,
): T | undefined {
  try {
    const part = read();
    // nobody else awaits a promise
    if (isThenable(part)) handled(Promise.resolve(part));
    return structuredClone(part);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : describe(cause);
    const error = new Error(`Cannot show ${what} as it must be plain data: ${found}`, { cause });
    feed.emit({ type: "error", error });
    return undefined;
  }
}

function numbers(counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  if (isThenable(counts)) return counts;
  const wrong = Object.entries(counts).find(([, count]) => typeof count !== "number");
  if (wrong) throw new TypeError(`"${wrong[0]}" is no number`);
  return counts;
}
