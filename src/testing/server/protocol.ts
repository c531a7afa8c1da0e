/** The arguments of a PUB or HPUB line. */
export interface PublishLine {
  readonly subject: string;
  /** Empty without a reply subject. */
  readonly reply: string;
  /** Bytes of the payload that are headers; -1 for PUB, which cannot have any. */
  readonly headerSize: number;
  /** Bytes of the payload, headers included. */
  readonly size: number;
}

/**
 * Gets what a {@linkcode Parser} reads, in order and within the call that passed the bytes. Byte arrays are views of
 * those bytes: copy what you keep.
 */
export interface ProtocolHandler {
  connect(json: Uint8Array): void;
  ping(): void;
  pong(): void;
  subscribe(subject: string, queue: string | undefined, sid: string): void;
  /** `max` is -1 if it is missing, or not a number. */
  unsubscribe(sid: string, max: number): void;
  /** Called before the payload arrives; `false` refuses the message, whose payload the parser then skips. */
  announce(line: PublishLine): boolean;
  publish(line: PublishLine, payload: Uint8Array): void;
  unknownOperation(): void;
  controlLineTooLong(): void;
  /** A known operation with invalid arguments, or -ERR, which no client may send. */
  malformed(): void;
}
