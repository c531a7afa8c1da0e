import * as metadata from "../metadata.ts";
import { NEVER } from "../time.ts";
import { type ConsumerConfig, shownConfig } from "./config.ts";

/** Adds the required API level to a configuration's metadata. Drops metadata that only responses contain. */
export function withLevel(config: ConsumerConfig): ConsumerConfig {
  return { ...config, metadata: metadata.withLevel(config.metadata, levelOf(config)) };
}

/** The configuration as responses show it, with the server's metadata. */
export function shownWithServer(config: ConsumerConfig): Record<string, unknown> {
  return shownConfig({ ...config, metadata: metadata.withServer(config.metadata) });
}

function levelOf(config: ConsumerConfig): number {
  if (config.ack_policy === "flow_control") return 4;
  const hasPriorities = config.priority_policy !== "none" || config.priority_timeout !== 0 ||
    config.priority_groups.length > 0;
  // clients may send an invalid time
  const { pause_until = NEVER } = config;
  return hasPriorities || pause_until !== NEVER ? 1 : 0;
}
