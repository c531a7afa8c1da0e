import { asMilliseconds, type Duration } from "../../duration.ts";
import { checkOptions, count, holdsOptions, record, type Rule } from "../../options.ts";
import type { ConsumerConfig } from "../api/api_types.ts";
import { shown } from "../api/shown.ts";
import { atLeast } from "./at_least.ts";

/**
 * One process gets all messages, and the others stand by.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { consumer, jetstream, workQueue } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const jobs = workQueue("JOBS", { subjects: ["jobs.{id}"], declare: "create" });
 * const worker = consumer(jobs, "worker", { group: { pinned: {} } });
 * const done: string[] = [];
 * // two processes; the one that asks first is the active one
 * const brokers = ["first", "second"].map((name) => {
 *   const broker = new NatsBroker("nats://127.0.0.1:4222");
 *   broker.subscriber(worker, ({ params }) => void done.push(`${name} ${params.id}`));
 *   return broker;
 * });
 * await using _test = await TestBroker.start(brokers);
 *
 * for (const id of ["1", "2", "3"]) await jetstream(brokers[0]!).publish(`jobs.${id}`);
 * while (done.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
 * assertEquals(new Set(done.map((line) => line.split(" ")[0])).size, 1);
 * ```
 */
export interface PinnedGroup {
  /** The options of the pin; the process that asks first becomes the active one. */
  readonly pinned: {
    /**
     * How long the server waits for a sign of life from the active process before it gives the messages to another one. The
     * active process sends a sign of life three times within the timeout. A process that stops hands over at once. At least
     * 1 s.
     *
     * @default {"30s"}
     */
    readonly timeout?: Duration;
  };
}

/**
 * Messages go to the processes in an order: a later process gets the messages for which the earlier ones have no place, or
 * do not ask.
 */
export interface PrioritizedGroup {
  /** The position of this process; other processes of the same consumer may have another. */
  readonly prioritized: {
    /**
     * From 0 to 9. A process with a lower number gets a message first, as long as it has a place for it.
     *
     * @default {0}
     */
    readonly priority?: number;
  };
}

/** This process helps out: it gets messages only while enough of them wait or are being handled. */
export interface OverflowGroup {
  /**
   * When this process helps: with both numbers, while at least one of them is reached; with none, always. Other processes
   * of the same consumer may have other numbers.
   */
  readonly overflow: {
    /**
     * The least number of messages that wait for delivery.
     *
     * @default {any number}
     */
    readonly minPending?: number;
    /**
     * The least number of messages that are delivered and not acknowledged yet.
     *
     * @default {any number}
     */
    readonly minAckPending?: number;
  };
}

/** Which processes of a consumer get its messages. */
export type GroupPolicy = PinnedGroup | PrioritizedGroup | OverflowGroup;

/** The options of a group with their defaults, checked. */
export type GroupSettings =
  /** `timeout` in milliseconds. */
  | { readonly kind: "pinned"; readonly timeout: number }
  | { readonly kind: "prioritized"; readonly priority: number }
  | { readonly kind: "overflow"; readonly minPending: number; readonly minAckPending: number };

/** The name of the group on the server; a consumer has one group. */
export const GROUP = "workers";
/** The first nats-server that knows each kind of group; older ones ignore the group silently. */
export const GROUP_SINCE = { pinned: "2.11", prioritized: "2.12", overflow: "2.11" } as const;

/** The least timeout of a pin, in milliseconds: a third of it has to outlast the pauses of a busy process. */
const LEAST_PIN = 1_000;
const DEFAULT_PIN = 30_000;
const NANOSECONDS = 1_000_000;
/** The greatest priority number that the server takes. */
const LAST_PRIORITY = 9;
const priority: Rule = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LAST_PRIORITY
    ? undefined
    : `a whole number from 0 to ${LAST_PRIORITY}`;
const RULES = {
  pinned: { timeout: atLeast(LEAST_PIN) },
  prioritized: { priority },
  overflow: { minPending: count, minAckPending: count },
};

/**
 * Checks a group, and fills in the defaults.
 *
 * @throws {TypeError} if it is not a group
 */
export function groupSettings(
  action: string,
  given: GroupPolicy | undefined,
): GroupSettings | undefined {
  if (given === undefined) return undefined;
  const kinds = holdsOptions(given) ? Object.entries(given) : [];
  const [kind, options] = kinds[0] ?? [];
  const rules = Object.entries(RULES).find(([name]) => name === kind)?.[1];
  if (kinds.length !== 1 || !rules || record(options) !== undefined) {
    const rule = '"group" must be one of { pinned: {} }, { prioritized: {} } and { overflow: {} }';
    throw new TypeError(`Cannot ${action} as ${rule}: ${shown(given)}`);
  }
  checkOptions(action, options, rules);
  if ("pinned" in given) {
    return { kind: "pinned", timeout: asMilliseconds(given.pinned.timeout ?? DEFAULT_PIN) };
  }
  if ("prioritized" in given) {
    return { kind: "prioritized", priority: given.prioritized.priority ?? 0 };
  }
  const { minPending = 0, minAckPending = 0 } = given.overflow;
  return { kind: "overflow", minPending, minAckPending };
}

/** The fields of a group in the consumer's configuration; the numbers of a single process are not among them. */
export function groupConfig(group: GroupSettings | undefined): ConsumerConfig {
  if (!group) return {};
  const priority_groups = [GROUP];
  if (group.kind !== "pinned") return { priority_groups, priority_policy: group.kind };
  const priority_timeout = group.timeout * NANOSECONDS;
  return { priority_groups, priority_policy: "pinned_client", priority_timeout };
}

/** The fields of a group in each request of a process, as the rest of a JSON object. */
export function groupFields(group: GroupSettings): string {
  const fields = `,"group":"${GROUP}"`;
  if (group.kind === "prioritized") return `${fields},"priority":${group.priority}`;
  if (group.kind === "pinned") return fields;
  const { minPending, minAckPending } = group;
  const pending = minPending > 0 ? `,"min_pending":${minPending}` : "";
  const unacked = minAckPending > 0 ? `,"min_ack_pending":${minAckPending}` : "";
  return fields + pending + unacked;
}
