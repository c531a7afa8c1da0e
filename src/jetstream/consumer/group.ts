import { asMilliseconds, type Duration } from "../../duration.ts";
import { checkOptions, describe, record, type Rule } from "../../options.ts";
import type { ConsumerConfig } from "../api/api_types.ts";
import { atLeast } from "./at_least.ts";

/** One process gets all messages, and others stand by. */
export interface PinnedGroup {
  /** One process at a time; the first that asks. */
  readonly pinned: {
    /**
     * How long the server hears nothing of the process that gets the messages before it gives them to another. A process
     * that lives says so each third of it; one that stops hands over at once. At least 1 s.
     *
     * @default {"30s"}
     */
    readonly timeout?: Duration;
  };
}

/** Which of the processes that ask for messages gets them. */
export type GroupPolicy = PinnedGroup;

/** The options of a group with their defaults, checked. */
export interface GroupSettings {
  readonly kind: "pinned";
  /** Milliseconds. */
  readonly timeout: number;
}

/** The name of the group on the server; there is one of a consumer. */
export const GROUP = "workers";
/** The first nats-server that knows groups of each kind; older ones ignore them without a word. */
export const GROUP_SINCE = { pinned: "2.11" } as const;

/** The least timeout of a pin, in milliseconds: a third of it has to outlast a pause of a busy process. */
const LEAST_PIN = 1_000;
const DEFAULT_PIN = 30_000;
const NANOSECONDS = 1_000_000;
const PINNED: Readonly<Record<keyof PinnedGroup["pinned"], Rule>> = { timeout: atLeast(LEAST_PIN) };

/**
 * Checks a group, and fills in the defaults.
 *
 * @throws {TypeError} for one that is none
 */
export function groupSettings(
  action: string,
  given: GroupPolicy | undefined,
): GroupSettings | undefined {
  if (given === undefined) return undefined;
  const kinds = Object.keys(given);
  if (kinds.length !== 1 || kinds[0] !== "pinned" || record(given.pinned) !== undefined) {
    const rule = '"group" must be { pinned: {} }, with its options';
    throw new TypeError(`Cannot ${action} as ${rule}: ${describe(given)}`);
  }
  checkOptions(action, given.pinned, PINNED);
  return { kind: "pinned", timeout: asMilliseconds(given.pinned.timeout ?? DEFAULT_PIN) };
}

/** What a consumer's configuration says of its group. */
export function groupConfig(group: GroupSettings | undefined): ConsumerConfig {
  if (!group) return {};
  return {
    priority_groups: [GROUP],
    priority_policy: "pinned_client",
    priority_timeout: group.timeout * NANOSECONDS,
  };
}
