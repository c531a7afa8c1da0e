import { ApiError, invalidConfig } from "../api/errors.ts";
import { isSameConfig } from "../same_config.ts";
import type { StreamConfig } from "./config.ts";

/**
 * Checks an update and returns the resulting configuration; throws an {@linkcode ApiError} for a change that is not
 * possible.
 */
export function checkUpdate(before: StreamConfig, after: StreamConfig): StreamConfig {
  if (after.num_replicas > 1) throw new ApiError("streamReplicasNotSupported");
  if (after.storage !== before.storage) throw refused("can not change storage type");
  if (
    after.retention !== before.retention &&
    [after.retention, before.retention].includes("workqueue")
  ) {
    throw refused("can not change retention policy to/from workqueue");
  }
  if (before.sealed && !after.sealed) throw refused("can not unseal a sealed stream");
  if (before.deny_delete && !after.deny_delete) {
    throw refused("can not cancel deny message deletes");
  }
  if (before.deny_purge && !after.deny_purge) throw refused("can not cancel deny purge");
  // a mirror may become an ordinary stream
  if (after.mirror && !isSameConfig(after.mirror, before.mirror)) {
    throw new ApiError("streamMirrorNotUpdatable");
  }
  if (before.allow_msg_ttl && !after.allow_msg_ttl) {
    throw invalidConfig("message TTL status can not be disabled");
  }
  if (before.allow_msg_counter !== after.allow_msg_counter) {
    throw refused("can not change message counter setting");
  }
  if (before.allow_msg_schedules && !after.allow_msg_schedules) {
    throw invalidConfig("message schedules can not be disabled");
  }
  if (before.persist_mode !== after.persist_mode) throw refused("can not change persist mode");
  return after.sealed ? sealed(after) : after;
}

function sealed(config: StreamConfig): StreamConfig {
  return {
    ...config,
    max_age: 0,
    discard: "new",
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
  };
}

function refused(what: string): ApiError {
  return invalidConfig(`stream configuration update ${what}`);
}
