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
  /** How many bytes of messages one answer may have where the request says nothing of it. */
  readonly maxPending: number;
  /** How many bytes a message may have. */
  readonly maxPayload: number;
  /** What the server is called. */
  readonly server: string;
}
