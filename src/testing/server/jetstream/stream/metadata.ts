import * as metadata from "../metadata.ts";
import { shownConfig, type StreamConfig, type StreamConfigRequest } from "./config.ts";

/** Adds the required API level to a request's metadata. Drops metadata that only responses contain. */
export function withLevel(said: StreamConfigRequest): StreamConfigRequest {
  return { ...said, metadata: metadata.withLevel(said.metadata ?? {}, levelOf(said)) };
}

/** The configuration as responses show it, with the server's metadata. */
export function shownWithServer(config: StreamConfig): Record<string, unknown> {
  return shownConfig({ ...config, metadata: metadata.withServer(config.metadata) });
}

function levelOf(said: StreamConfigRequest): number {
  if (said.allow_batched) return 4;
  if (
    said.allow_msg_counter || said.allow_atomic || said.allow_msg_schedules ||
    said.persist_mode === "async"
  ) return 2;
  return said.allow_msg_ttl || (said.subject_delete_marker_ttl ?? 0) > 0 ? 1 : 0;
}
