/** What arrives on a subject. */
export interface Published {
  /** A byte string, as all subjects of the server are. */
  readonly subject: string;
  /** Empty where no answer is asked for. */
  readonly reply: string;
  /** The whole header block as a byte string; empty without one. */
  readonly headers: string;
  /** What is kept of it must be copied. */
  readonly body: Uint8Array;
}

/** What a stream keeps: a message with the place it has in the stream. */
export interface StoredMessage {
  readonly seq: number;
  readonly subject: string;
  readonly headers: string;
  readonly body: Uint8Array;
  /** When it was stored, in milliseconds since 1970. */
  readonly time: number;
}

/** No bytes. */
export const NOTHING: Uint8Array = new Uint8Array(0);
