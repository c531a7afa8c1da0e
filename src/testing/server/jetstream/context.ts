import type { Clock } from "../../../clock.ts";
import type { InternalClient } from "./internal_client.ts";
import type { Memory } from "./memory.ts";

/** What streams and consumers are given of the rest of the server. */
export interface Context {
  /** How they subscribe and publish. */
  readonly client: InternalClient;
  /** The time, and timers. */
  readonly clock: Clock;
  /** What all of them hold. */
  readonly memory: Memory;
  /** The greatest payload of a message, in bytes. */
  readonly maxPayload: number;
}
