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
import { Directory } from "./stream/origins.ts";
import type { Stream } from "./stream/stream.ts";
import { Streams } from "./streams.ts";

/** JetStream's limits. */
export interface JetStreamLimits {
  /** Bytes that all streams together may hold. */
  readonly maxMemory: number;
  /** Bytes that may be pending for one client. */
  readonly maxPending: number;
  /** The size limit of a message in bytes. */
  readonly maxPayload: number;
}

/** The parts of the server that JetStream uses. */
type Ground = Pick<Station, "exchange" | "congestion" | "clock">;

/**
 * JetStream in memory: streams, consumers, and the API with which clients manage both. To the rest of the server it is
 * a client like any other.
 */
export class JetStream {
  readonly #client: InternalClient;
  readonly #streams: Streams;

  /** `server` is the server's name. */
  constructor(station: Ground, server: string, limits: JetStreamLimits) {
    const { exchange, congestion, clock } = station;
    this.#client = new InternalClient(exchange, congestion);
    const memory = new Memory(limits.maxMemory);
    const { maxPending, maxPayload } = limits;
    const client = this.#client;
    const origins = new Directory<Stream>();
    const context: Context = { client, clock, memory, origins, maxPending, maxPayload, server };
    const streams = this.#streams = new Streams(context, origins);
    const router: ApiRouter = new ApiRouter(context, [
      ...accountEndpoints(streams, () => router.usage),
      ...streamEndpoints(streams, context),
      ...messageEndpoints(streams),
      ...backupEndpoints(streams),
      ...consumerEndpoints(streams, context),
      ...clusterEndpoints(),
    ]);
  }

  /** Stops JetStream and drops everything it holds. */
  stop(): void {
    this.#streams.stop();
    this.#client.stop();
  }
}
