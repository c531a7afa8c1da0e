/**
 * The seam between the server and what carries its bytes: TCP, a WebSocket or memory. A wire knows
 * nothing of the protocol; its {@linkcode Receiver} knows nothing of sockets.
 */
export interface Wire {
  /** The client's IP address, or `undefined` where it has none. */
  readonly address: string | undefined;
  /**
   * Takes bytes on their way. One call at a time; the bytes may be used again once the promise has
   * settled, or at once where there is none. Rejects when they cannot arrive any more.
   */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Ends the sending half after what was written. What the client still sends goes nowhere, and
   * its leaving ends the wire; who cannot wait for that calls `close()`. */
  end(): void;
  /** Closes at once. May be called again, and after `end()`. */
  close(): void;
}

/** The server's end of a wire. */
export interface Receiver {
  /**
   * Takes what arrived. The bytes are the wire's again, and what comes next may be given, when it
   * returns or, where there is a promise, when that has settled: that is how a producer waits for
   * slow consumers, and for its turn.
   */
  receive(bytes: Uint8Array): Promise<void> | undefined;
  /** Nothing will come any more. */
  ended(): void;
}

/** Takes a new wire in; `undefined` refuses it. */
export type Accept = (wire: Wire) => Receiver | undefined;
