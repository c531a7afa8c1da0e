import { API_LEVEL, VERSION } from "../../info.ts";
import { type ConsumerConfig, shownConfig } from "./config.ts";

const REQUIRED = "_nats.req.level";
const SERVER_VERSION = "_nats.ver";
const SERVER_LEVEL = "_nats.level";

/** A configuration with which API it needs. What answers tell of the server is not kept. */
export function withLevel(config: ConsumerConfig): ConsumerConfig {
  const { [SERVER_VERSION]: _, [SERVER_LEVEL]: __, ...metadata } = config.metadata;
  return { ...config, metadata: { ...metadata, [REQUIRED]: String(levelOf(config)) } };
}

/** The configuration as answers show it, with what the server says of itself. */
export function shownWithServer(config: ConsumerConfig): Record<string, unknown> {
  const own = { [SERVER_VERSION]: VERSION, [SERVER_LEVEL]: String(API_LEVEL) };
  const entries = Object.entries({ ...config.metadata, ...own });
  entries.sort(([one], [other]) => one < other ? -1 : 1);
  return shownConfig({ ...config, metadata: Object.fromEntries(entries) });
}

function levelOf(config: ConsumerConfig): number {
  if (config.ack_policy === "flow_control") return 4;
  const hasPriorities = config.priority_policy !== "none" || config.priority_timeout !== 0 ||
    config.priority_groups.length > 0;
  return hasPriorities || config.pause_until !== undefined ? 1 : 0;
}
