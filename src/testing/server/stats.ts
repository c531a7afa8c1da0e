/** What {@linkcode EmbeddedServer.stats} tells. Bytes are payload, headers included. */
export interface EmbeddedStats {
  /** Clients connected now. */
  readonly connections: number;
  /** Subscriptions of all of them. */
  readonly subscriptions: number;
  /** Messages that clients published since the start. */
  readonly messagesIn: number;
  /** Bytes of these messages. */
  readonly bytesIn: number;
  /** Messages that were put on their way to subscribers since the start. */
  readonly messagesOut: number;
  /** Bytes of these messages. */
  readonly bytesOut: number;
  /** Clients dropped because they did not take what was sent to them. */
  readonly slowConsumers: number;
}
