/** What {@linkcode EmbeddedServer.stats} returns. Bytes are payload, headers included. */
export interface EmbeddedStats {
  /** Clients connected now. */
  readonly connections: number;
  /** The subscriptions of all clients. */
  readonly subscriptions: number;
  /** Messages that clients published since the start. */
  readonly messagesIn: number;
  /** Bytes of these messages. */
  readonly bytesIn: number;
  /** Messages sent to subscribers since the start. */
  readonly messagesOut: number;
  /** Bytes of these messages. */
  readonly bytesOut: number;
  /** Clients dropped because they read too slowly. */
  readonly slowConsumers: number;
}
