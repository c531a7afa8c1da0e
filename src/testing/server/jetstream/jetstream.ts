import type { Station } from "../station.ts";
import { accountEndpoints } from "./api/account_endpoints.ts";
import { backupEndpoints } from "./api/backup_endpoints.ts";
import { clusterEndpoints } from "./api/cluster_endpoints.ts";
import { consumerEndpoints } from "./api/consumer_endpoints.ts";
import { messageEndpoints } from "./api/message_endpoints.ts";
import { ApiRouter } from "./api/router.ts";
import { streamEndpoints } from "./api/stream_endpoints.ts";
import type { Context } from "./context.ts";
import { InternalClient } from "./internal_client.ts";
import { Memory } from "./memory.ts";
import { Streams } from "./streams.ts";

/** What JetStream may take. */
export interface JetStreamLimits {
  /** How many bytes all streams together may hold. */
  readonly maxMemory: number;
  /** How many bytes may wait for one client. */
  readonly maxPending: number;
  /** How many bytes a message may have. */
  readonly maxPayload: number;
}

/** What it needs of the server that it runs in. */
type Ground = Pick<Station, "exchange" | "congestion" | "clock">;

/**
 * JetStream in memory: streams that keep what is published to their subjects, consumers that deliver it, and the API
 * by which clients ask for both. To the rest of the server it is a client like any other.
 */
export class JetStream {
  readonly #client: InternalClient;
  readonly #streams: Streams;

  /** `server` is what the server is called. */
  constructor(station: Ground, server: string, limits: JetStreamLimits) {
    const { exchange, congestion, clock } = station;
    this.#client = new InternalClient(exchange, congestion);
    const memory = new Memory(limits.maxMemory);
    const { maxPending, maxPayload } = limits;
    const client = this.#client;
    const context: Context = { client, clock, memory, maxPending, maxPayload, server };
    const streams = this.#streams = new Streams(context);
    const router: ApiRouter = new ApiRouter(context, [
      ...accountEndpoints(streams, () => router.usage),
      ...streamEndpoints(streams, context),
      ...messageEndpoints(streams),
      ...backupEndpoints(streams),
      ...consumerEndpoints(streams, context),
      ...clusterEndpoints(),
    ]);
  }

  /** Ends: nothing is kept. */
  stop(): void {
    this.#streams.stop();
    this.#client.stop();
  }
}
