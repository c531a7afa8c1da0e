import { copyOf, MessageHeaders, type RawMessage } from "../../door/mod.ts";
import type { AckSubject } from "../api/ack_subject.ts";

/** A message of a stream, with its place there. */
export interface StoredMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** The header block as bytes; `undefined` without headers. */
  readonly headerBlock: Uint8Array | undefined;
  readonly headers: MessageHeaders;
  /** Its sequence in the stream. */
  readonly seq: number;
  /** When it was stored. */
  readonly time: Date;
  /** How many messages were left after it when it was delivered; 0 if it was the last one. */
  readonly pending: number;
}

/** In bytes: copying a smaller message is faster than inspecting its buffer. */
const SMALL = 4_096;
const NO_HEADERS = MessageHeaders.from({});

/** A message as it was delivered; rarely used fields are parsed on demand. */
export class DeliveredMessage implements StoredMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headerBlock: Uint8Array | undefined;
  readonly seq: number;
  readonly pending: number;
  /** When it was stored, in milliseconds since 1970. */
  readonly storedAt: number;
  /** Its size as a pull request counts it: subject, reply subject, headers and body. */
  readonly size: number;
  #headers: MessageHeaders | undefined;

  /** Keeps the bytes without copying them. */
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
 * read from the socket, while copying a large one would take longer than reading it.
 */
function ownBytes(bytes: Uint8Array): Uint8Array {
  const isMost = bytes.length > SMALL && bytes.length * 2 > bytes.buffer.byteLength;
  return isMost ? bytes : copyOf(bytes);
}
