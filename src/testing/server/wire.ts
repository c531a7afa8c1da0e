/**
 * The interface between the server and a transport: TCP, a WebSocket or memory. A wire knows nothing of the protocol;
 * its {@linkcode Receiver} knows nothing of sockets.
 */
export interface Wire {
  /** The client's IP address, if it has one. */
  readonly address: string | undefined;
  /**
   * Sends bytes. One call at a time; the caller may reuse the bytes once the promise has settled, or at once without a
   * promise. Rejects if the bytes cannot arrive any more.
   */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /**
   * Ends the sending half after what was written. What the client still sends is discarded, and the wire ends once the
   * client closes; call `close()` not to wait for that.
   */
  end(): void;
  /** Closes at once. May be called again, and after `end()`. */
  close(): void;
}

/** The server's end of a wire. */
export interface Receiver {
  /**
   * Gets what arrived. Once it returns, or its promise settles, the wire may reuse the bytes and pass the next ones: so
   * a producer waits for slow consumers, and for its turn.
   */
  receive(bytes: Uint8Array): Promise<void> | undefined;
  /** The last call: the wire has ended. */
  ended(): void;
}

/** Accepts a new wire; `undefined` refuses it. */
export type Accept = (wire: Wire) => Receiver | undefined;
