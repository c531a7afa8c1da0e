import { copyOf, MessageHeaders, type RawMessage } from "../../door/mod.ts";
import type { AckSubject } from "../api/ack_subject.ts";

/** A message of a stream, with its place there. */
export interface StoredMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** The headers as bytes; `undefined` without headers. */
  readonly headerBlock: Uint8Array | undefined;
  readonly headers: MessageHeaders;
  /** Its number in the stream. */
  readonly seq: number;
  /** When it was stored. */
  readonly time: Date;
  /** How many more there were when it was delivered; 0 if it was the last one. */
  readonly pending: number;
}

/** In bytes; to look at the buffer of a smaller message takes longer than to copy it. */
const SMALL = 4_096;
const NO_HEADERS = MessageHeaders.from({});

/** A message as it was delivered; what few programs look at is read when they do. */
export class DeliveredMessage implements StoredMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headerBlock: Uint8Array | undefined;
  readonly seq: number;
  readonly pending: number;
  /** When it was stored, in milliseconds since 1970. */
  readonly storedAt: number;
  /** Its size as the server counts it in a request: subject, reply address, headers and body. */
  readonly size: number;
  #headers: MessageHeaders | undefined;

  /** Keeps the bytes as they are. */
  constructor(raw: RawMessage, { seq, pending, time }: AckSubject) {
    const { subject, replyTo, data, headerBlock } = raw;
    this.subject = subject;
    this.size = subject.length + replyTo.length + data.length + (headerBlock?.length ?? 0);
    this.data = ownBytes(data);
    this.headerBlock = headerBlock && ownBytes(headerBlock);
    this.seq = seq;
    this.pending = pending;
    this.storedAt = time;
  }

  get headers(): MessageHeaders {
    const block = this.headerBlock;
    return this.#headers ??= block ? MessageHeaders.parse(block) : NO_HEADERS;
  }

  get time(): Date {
    return new Date(this.storedAt);
  }
}

/**
 * The bytes, copied unless they are most of their buffer: a small message would keep the whole chunk in memory that was
 * read from the socket, and to copy a large one would take longer than to read it.
 */
function ownBytes(bytes: Uint8Array): Uint8Array {
  const isMost = bytes.length > SMALL && bytes.length * 2 > bytes.buffer.byteLength;
  return isMost ? bytes : copyOf(bytes);
}
