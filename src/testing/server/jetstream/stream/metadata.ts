import { API_LEVEL, VERSION } from "../../info.ts";
import { shownConfig, type StreamConfig, type StreamConfigRequest } from "./config.ts";

const REQUIRED = "_nats.req.level";
const SERVER_VERSION = "_nats.ver";
const SERVER_LEVEL = "_nats.level";

/** What is said of a stream, with which API it needs. What answers tell of the server is not kept. */
export function withLevel(said: StreamConfigRequest): StreamConfigRequest {
  const { [SERVER_VERSION]: _, [SERVER_LEVEL]: __, ...metadata } = said.metadata ?? {};
  return { ...said, metadata: { ...metadata, [REQUIRED]: String(levelOf(said)) } };
}

/** The configuration as answers show it, with what the server says of itself. */
export function shownWithServer(config: StreamConfig): Record<string, unknown> {
  const own = { [SERVER_VERSION]: VERSION, [SERVER_LEVEL]: String(API_LEVEL) };
  const entries = Object.entries({ ...config.metadata, ...own });
  entries.sort(([one], [other]) => one < other ? -1 : 1);
  return shownConfig({ ...config, metadata: Object.fromEntries(entries) });
}

/** Do both say the same? */
export function isSameConfig<T>(one: T, other: T): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function levelOf(said: StreamConfigRequest): number {
  if (said.allow_batched) return 4;
  if (
    said.allow_msg_counter || said.allow_atomic || said.allow_msg_schedules ||
    said.persist_mode === "async"
  ) return 2;
  return said.allow_msg_ttl || (said.subject_delete_marker_ttl ?? 0) > 0 ? 1 : 0;
}

/** The order of names within an object is no difference. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.sort(([one], [other]) => one < other ? -1 : 1)
    .map(([name, inner]) => [name, sorted(inner)]);
}
