import { ApiError } from "../api/errors.ts";
import { isSameConfig } from "../same_config.ts";
import { inUtc } from "../time.ts";
import { type ConsumerConfig, isPush } from "./config.ts";

/** Fields that cannot be updated, as error messages name them, in the server's order. */
const FIXED = [
  ["deliver_policy", "deliver policy"],
  ["mem_storage", "storage type"],
  ["direct", "direct"],
  ["sourcing", "sourcing"],
  ["opt_start_seq", "start sequence"],
  ["opt_start_time", "start time"],
  ["ack_policy", "ack policy"],
  ["replay_policy", "replay policy"],
  ["idle_heartbeat", "heart beats"],
  ["flow_control", "flow control"],
] as const satisfies readonly (readonly [keyof ConsumerConfig, string])[];

/**
 * Throws an {@linkcode ApiError} if the consumer cannot be updated to the new configuration; `isBound` is whether a
 * client is subscribed to its deliver subject.
 */
export function checkUpdate(before: ConsumerConfig, after: ConsumerConfig, isBound: boolean): void {
  if (isSameConfig(before, after)) return;
  for (const [name, words] of FIXED) {
    if (meant(before, name) !== meant(after, name)) throw refused(`${words} can not be updated`);
  }
  if (before.deliver_subject !== after.deliver_subject) {
    if (!isPush(before)) throw refused("can not update pull consumer to push based");
    if (!isPush(after)) throw refused("can not update push consumer to pull based");
    if (isBound) throw new ApiError("consumerNameExists");
  }
  if (before.max_waiting !== after.max_waiting) throw refused("max waiting can not be updated");
}

/** The field's value for comparison: times are compared in UTC. */
function meant(config: ConsumerConfig, name: (typeof FIXED)[number][0]): unknown {
  const value = config[name];
  return name === "opt_start_time" && value !== undefined ? inUtc(value as string) : value;
}

function refused(why: string): ApiError {
  return new ApiError("consumerCreate", why);
}
