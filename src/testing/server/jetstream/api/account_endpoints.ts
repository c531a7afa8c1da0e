import { API_LEVEL } from "../../info.ts";
import type { StreamConfig } from "../stream/config.ts";
import type { Streams } from "../streams.ts";
import type { Endpoint } from "./call.ts";
import type { ApiUsage } from "./router.ts";

const NO_LIMITS = {
  max_memory: -1,
  max_storage: -1,
  max_streams: -1,
  max_consumers: -1,
  max_ack_pending: -1,
  memory_max_stream_bytes: -1,
  storage_max_stream_bytes: -1,
  max_bytes_required: false,
} as const;

/** The endpoints for account information. */
export function accountEndpoints(streams: Streams, usage: () => ApiUsage): Endpoint[] {
  return [{
    subject: "INFO",
    type: "account_info_response",
    answer: () => ({
      memory: bytesIn(streams, "memory"),
      storage: bytesIn(streams, "file"),
      reserved_memory: streams.reserved("memory"),
      reserved_storage: streams.reserved("file"),
      streams: streams.all().length,
      consumers: streams.all().reduce((sum, { consumers }) => sum + consumers.size, 0),
      limits: NO_LIMITS,
      api: { level: API_LEVEL, ...usage() },
    }),
  }];
}

function bytesIn(streams: Streams, storage: StreamConfig["storage"]): number {
  return streams.all().filter(({ config }) => config.storage === storage)
    .reduce((sum, { log }) => sum + log.bytes, 0);
}
