import type { Clock } from "../../../clock.ts";
import type { InternalClient } from "./internal_client.ts";
import type { Memory } from "./memory.ts";
import type { Origins } from "./stream/origins.ts";

/** What streams and consumers use of the rest of the server. */
export interface Context {
  /** Subscribes and publishes. */
  readonly client: InternalClient;
  /** The time and timers. */
  readonly clock: Clock;
  /** The memory of all streams and consumers. */
  readonly memory: Memory;
  /** The streams that others may copy, by name. */
  readonly origins: Origins;
  /** The default size limit of a direct get response, in bytes. */
  readonly maxPending: number;
  /** The size limit of a message, in bytes. */
  readonly maxPayload: number;
  /** The server's name. */
  readonly server: string;
}
