/** A message that arrives on a subject. */
export interface Published {
  /** A byte string, as all subjects in the server are. */
  readonly subject: string;
  /** The reply subject; empty if the sender expects no reply. */
  readonly reply: string;
  /** The whole header block as a byte string; empty without headers. */
  readonly headers: string;
  /** Valid during the call only: copy it to keep it. */
  readonly body: Uint8Array;
}

/** A message in a stream, with its sequence and time. */
export interface StoredMessage {
  readonly seq: number;
  readonly subject: string;
  readonly headers: string;
  readonly body: Uint8Array;
  /** When it was stored, in milliseconds since 1970. */
  readonly time: number;
}

/** An empty body. */
export const NOTHING: Uint8Array = new Uint8Array(0);
