/** What a PUB or HPUB line says. */
export interface PublishLine {
  readonly subject: string;
  /** Empty where no reply is asked for. */
  readonly reply: string;
  /** Bytes of the payload that are headers; -1 for PUB, which cannot have any. */
  readonly headerSize: number;
  /** Bytes of the payload, headers included. */
  readonly size: number;
}

/**
 * Takes what a {@linkcode Parser} reads, in order and within the call that brought the bytes. Byte
 * arrays are views into those bytes: what is kept must be copied.
 */
export interface ProtocolHandler {
  connect(json: Uint8Array): void;
  ping(): void;
  pong(): void;
  subscribe(subject: string, queue: string | undefined, sid: string): void;
  /** `max` is -1 where none, or none that is a number, was given. */
  unsubscribe(sid: string, max: number): void;
  /** Comes before the payload, so that what is refused need not be received: `false` refuses. */
  announce(line: PublishLine): boolean;
  publish(line: PublishLine, payload: Uint8Array): void;
  unknownOperation(): void;
  controlLineTooLong(): void;
  /** A known operation with arguments that make no sense, or -ERR, which no client has to say. */
  malformed(): void;
}
