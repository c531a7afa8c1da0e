import { DecodeError, EncodeError } from "../errors.ts";
import { jsonOf } from "./json.ts";
import { NO_BYTES, utf8 } from "./raw_message.ts";

const json = new TextDecoder("utf-8", { fatal: true });
/** Keeps a byte order mark, so that text arrives unchanged. */
const plain = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const JSON_BEGINS = /^\s*[[{"\-\dtfn]/;
/** The content types without codecs. */
export const TEXT = "text/plain";
export const JSON_TYPE = "application/json";
export const BYTES = "application/octet-stream";

/** An encoded body. */
export interface EncodedBody {
  readonly data: Uint8Array;
  /** `undefined` if there is no body. */
  readonly contentType: string | undefined;
}

/**
 * Encodes text as `text/plain`, every kind of bytes as `application/octet-stream`, `undefined` as an empty payload
 * without a content type, and everything else as JSON, so that each value arrives unchanged.
 *
 * @throws {EncodeError} for a value that would not arrive unchanged, with its place
 */
export function encodeBody(body: unknown): EncodedBody {
  if (typeof body === "string") {
    const data = utf8(body);
    // UTF-8 has no form for a lone surrogate, but JSON has an escape; text of one byte for each unit has no surrogate
    return data.length === body.length || body.isWellFormed()
      ? { data, contentType: TEXT }
      : { data: utf8(JSON.stringify(body)), contentType: JSON_TYPE };
  }
  if (body === undefined) return { data: NO_BYTES, contentType: undefined };
  const bytes = typeof body === "object" ? bytesOf(body) : undefined;
  if (bytes) return { data: bytes, contentType: BYTES };
  return { data: utf8(jsonOf(body)), contentType: JSON_TYPE };
}

/**
 * Decodes a body by its content type, in any case and ignoring parameters. An empty type means bytes, as FastStream
 * sends them; FastStream sends `None` as no bytes. Without a type, from a plain peer, the body is JSON if it parses,
 * else text if it is UTF-8, else bytes, and `undefined` if it is empty.
 *
 * @throws {DecodeError} if the body does not match its type
 */
export function decodeBody(data: Uint8Array, contentType: string | undefined): unknown {
  if (contentType === undefined) return guess(data);
  if (contentType === BYTES) return data;
  const media = mediaTypeOf(contentType);
  if (media === JSON_TYPE || media.endsWith("+json")) {
    return attempt(contentType, () => JSON.parse(json.decode(data)));
  }
  if (media === TEXT) return attempt(contentType, () => plain.decode(data));
  return data;
}

/** A content type without its parameters, in lower case. */
export function mediaTypeOf(contentType: string): string {
  // as nearly every sender writes it
  if (contentType === JSON_TYPE) return contentType;
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** Whether a body is bytes of any kind. */
export function isBytes(body: unknown): boolean {
  return ArrayBuffer.isView(body) || body instanceof ArrayBuffer;
}

function bytesOf(body: object | null): Uint8Array | undefined {
  if (ArrayBuffer.isView(body)) return viewed(body);
  return body instanceof ArrayBuffer ? viewed(new DataView(intact(body))) : undefined;
}

/** The bytes of a view; a copy if another thread may write into them. */
export function viewed(body: ArrayBufferView): Uint8Array {
  const { buffer } = body;
  if (buffer instanceof ArrayBuffer) {
    const isBytes = body instanceof Uint8Array;
    // a view of a transferred buffer is empty
    if (!isBytes || body.length === 0) intact(buffer);
    return isBytes ? body : new Uint8Array(buffer, body.byteOffset, body.byteLength);
  }
  // copy: another thread may write into shared memory while the message waits, and a socket refuses shared memory
  return new Uint8Array(buffer, body.byteOffset, body.byteLength).slice();
}

function intact(buffer: ArrayBuffer): ArrayBuffer {
  if (!buffer.detached) return buffer;
  const found = "bytes whose buffer was transferred";
  throw new EncodeError(`body is ${found}`, { place: "body" });
}

function attempt(contentType: string, read: () => unknown): unknown {
  try {
    return read();
  } catch (cause) {
    throw new DecodeError(contentType, { cause });
  }
}

function guess(data: Uint8Array): unknown {
  if (data.length === 0) return undefined;
  let written: string;
  try {
    written = plain.decode(data);
  } catch {
    return data;
  }
  // detect plain text without an exception, which costs as much as a whole request
  if (!JSON_BEGINS.test(written)) return written;
  try {
    return JSON.parse(written);
  } catch {
    return written;
  }
}
