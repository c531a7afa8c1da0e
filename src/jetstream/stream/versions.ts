import type { StreamConfig } from "../api/api_types.ts";
import { UnavailableError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { requireVersion } from "../api/version.ts";
import { holds } from "./differences.ts";

/** The first nats-server version that knows a field; older servers silently ignore it. */
const SINCE: Readonly<Partial<Record<keyof StreamConfig, string>>> = {
  compression: "2.10",
  first_seq: "2.10",
  subject_transform: "2.10",
  consumer_limits: "2.10",
  metadata: "2.10",
  allow_msg_ttl: "2.11",
  subject_delete_marker_ttl: "2.11",
  allow_msg_counter: "2.12",
  allow_atomic: "2.12",
  allow_msg_schedules: "2.12",
  persist_mode: "2.12",
  allow_batched: "2.14",
};

/**
 * Checks that the server knows every declared field, before anything is created.
 *
 * @throws {UnavailableError} with the needed version
 */
export function checkVersion(api: JetStreamApi, config: Partial<StreamConfig>): void {
  for (const [field, needs] of Object.entries(SINCE)) {
    if (holds(undefined, config[field as keyof StreamConfig])) continue;
    requireVersion(api, `declare the stream "${config.name}"`, needs, `"${field}"`);
  }
}

/**
 * Checks that the server kept every declared field: the stream's leader may be older than the connected server.
 *
 * @throws {UnavailableError} with the needed version
 */
export function checkKept(declared: Partial<StreamConfig>, found: StreamConfig): void {
  for (const [field, needs] of Object.entries(SINCE)) {
    const name = field as keyof StreamConfig;
    if (found[name] !== undefined || holds(undefined, declared[name])) continue;
    const rule = `"${field}" must be known to the server, since nats-server ${needs}: it is not`;
    const action = `declare the stream "${declared.name}"`;
    throw new UnavailableError(action, rule, undefined, { needs });
  }
}
