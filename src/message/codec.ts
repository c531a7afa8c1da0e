import { DecodeError, EncodeError } from "../errors.ts";
import { asError, legible } from "../legible.ts";
import { decision, describe } from "../options.ts";
import { handled, isThenable } from "../promises.ts";
import { ERROR_CODE, isPlainType } from "./headers.ts";
import { jsonOf } from "./json.ts";
import { NO_BYTES, utf8 } from "./raw_message.ts";

const json = new TextDecoder("utf-8", { fatal: true });
/** Keeps a byte order mark, so that text arrives unchanged. */
const plain = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const JSON_BEGINS = /^\s*[[{"\-\dtfn]/;
const TEXT = "text/plain";
const JSON_TYPE = "application/json";
const BYTES = "application/octet-stream";

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
  const media = mediaTypeOf(contentType);
  if (media === JSON_TYPE || media.endsWith("+json")) {
    return attempt(contentType, () => JSON.parse(json.decode(data)));
  }
  if (media === TEXT) return attempt(contentType, () => plain.decode(data));
  return data;
}

/** A content type without its parameters, in lower case. */
function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

function isBytes(body: unknown): boolean {
  return ArrayBuffer.isView(body) || body instanceof ArrayBuffer;
}

function bytesOf(body: object | null): Uint8Array | undefined {
  if (ArrayBuffer.isView(body)) return viewed(body);
  return body instanceof ArrayBuffer ? viewed(new DataView(intact(body))) : undefined;
}

function viewed(body: ArrayBufferView): Uint8Array {
  const { buffer } = body;
  if (buffer instanceof ArrayBuffer) {
    intact(buffer);
    return body instanceof Uint8Array
      ? body
      : new Uint8Array(buffer, body.byteOffset, body.byteLength);
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

/**
 * Encodes and decodes the bodies of one content type. Both functions get one argument and answer at once: a codec must
 * not be async.
 *
 * @example
 * ```ts
 * import { type Codec, NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // with a library: import { decode, encode } from "npm:@msgpack/msgpack"; const codec = { decode, encode };
 * const lines: Codec = {
 *   encode: (rows: string[][]) => rows.map((row) => row.join("\t")).join("\n"),
 *   decode: (data) => new TextDecoder().decode(data).split("\n").map((line) => line.split("\t")),
 * };
 * const type = "text/tab-separated-values";
 * const broker = new NatsBroker("nats://127.0.0.1:4222", { codecs: { [type]: lines }, contentType: type });
 * broker.subscriber("table", ({ body }) => body);
 * await using _test = await TestBroker.start(broker);
 *
 * const table = [["a", "b"], ["1", "2"]];
 * assertEquals((await broker.request("table", table)).body, table);
 * ```
 */
export interface Codec {
  /** Makes bytes or text of a body. The broker copies the bytes, so that the codec may use their memory again. */
  encode(body: unknown): Uint8Array | string;
  /** Makes a body of bytes, which it may keep and change. */
  decode(data: Uint8Array): unknown;
}

/** RFC 6838: the names of a type and of a subtype. */
const MEDIA_TYPE = /^[a-z0-9][\w!#$&^.+-]{0,126}\/[a-z0-9][\w!#$&^.+-]{0,126}$/;

/**
 * The codecs of a broker, by content type.
 *
 * A body goes by the codec of the `content-type` header that the program gives; without such a header, text, bytes and
 * the rest go as `text/plain`, `application/octet-stream` and the broker's `contentType`. Bytes under any other type
 * count as encoded already. A type without a codec of the program is encoded and decoded as it is without codecs.
 */
export class Codecs {
  readonly #codecs = new Map<string, Codec>();
  /** What goes neither as text nor as bytes goes as this type. */
  readonly #usual: string;

  constructor(action: string, codecs: Readonly<Record<string, Codec>>, contentType: string) {
    for (const [name, codec] of Object.entries(codecs)) this.#add(action, name, codec);
    this.#usual = contentType;
    if (contentType === JSON_TYPE || this.#codecs.has(contentType.toLowerCase())) return;
    const rule = `"contentType" must be "${JSON_TYPE}" or a name in "codecs"`;
    throw new TypeError(`Cannot ${action} as ${rule}: ${describe(contentType)}`);
  }

  /**
   * Encodes a body, by the headers that the program gives.
   *
   * @throws {EncodeError} if it cannot be encoded, with what the codec threw as its cause
   */
  encode(body: unknown, fields?: readonly (readonly [string, unknown])[]): EncodedBody {
    const given = fields?.find(([name]) => name.toLowerCase() === "content-type")?.[1];
    const usual = this.#typeOf(body, fields);
    const contentType = typeof given === "string" && this.#mayBe(given, usual) ? given : usual;
    if (contentType === undefined) return encodeBody(body);
    const type = mediaTypeOf(contentType);
    const codec = type === BYTES || !isBytes(body) ? this.#codecOf(type) : undefined;
    if (!codec) return encodeBody(body);
    return { data: encodeBy(codec, body, contentType), contentType };
  }

  /** Whether a body may go as the given type: without a codec, text and bytes alone can be text and bytes. */
  #mayBe(given: string, usual: string | undefined): boolean {
    return usual === undefined || isPlainType(usual) || !isPlainType(given) ||
      this.#codecOf(mediaTypeOf(given)) !== undefined;
  }

  /**
   * Decodes a body by its content type.
   *
   * @throws {DecodeError} if it does not match its type, with what the codec threw as its cause
   */
  decode(data: Uint8Array, contentType: string | undefined): unknown {
    const codec = contentType === undefined ? undefined : this.#codecOf(mediaTypeOf(contentType));
    return codec ? decodeBy(codec, data, contentType!) : decodeBody(data, contentType);
  }

  #add(action: string, name: string, codec: unknown): void {
    const type = name.toLowerCase();
    if (!MEDIA_TYPE.test(type) || this.#codecs.has(type)) {
      const rule = `each name in "codecs" must be another media type without parameters`;
      throw new TypeError(`Cannot ${action} as ${rule}: ${describe(name)}`);
    }
    this.#codecs.set(type, checkedCodec(action, type, codec));
  }

  /** The type of a body for which the program names none; `undefined` for no body. */
  #typeOf(body: unknown, fields: readonly (readonly [string, unknown])[] | undefined) {
    if (body === undefined) return undefined;
    // UTF-8 has no form for a lone surrogate
    if (typeof body === "string" && body.isWellFormed()) return TEXT;
    if (isBytes(body)) return BYTES;
    // any caller can read an error, whatever it wants of us otherwise
    const isError = fields?.some(([name]) => name.toLowerCase() === ERROR_CODE.toLowerCase());
    return isError ? JSON_TYPE : this.#usual;
  }

  /** The codec of a type, or that of its suffix: `application/vnd.shop.order+json` is JSON. */
  #codecOf(type: string): Codec | undefined {
    const codec = this.#codecs.get(type);
    if (codec) return codec;
    const suffix = type.lastIndexOf("+");
    return suffix < 0 ? undefined : this.#codecs.get(`application/${type.slice(suffix + 1)}`);
  }
}

/**
 * The codecs of a broker; `undefined` if it has none of its own.
 *
 * @throws {TypeError} for a name that is not a media type, what is no codec, and a `contentType` without a codec
 */
export function codecsOf(
  action: string,
  codecs: Readonly<Record<string, Codec>> = {},
  contentType: string = JSON_TYPE,
): Codecs | undefined {
  const isUsual = contentType === JSON_TYPE && Object.keys(codecs).length === 0;
  return isUsual ? undefined : new Codecs(action, codecs, contentType);
}

/** Reads the functions once: what the program does to the object later changes nothing. */
function checkedCodec(action: string, type: string, codec: unknown): Codec {
  if ((typeof codec !== "object" && typeof codec !== "function") || codec === null) {
    const rule = `the codec of "${type}" must be an object with encode() and decode()`;
    throw new TypeError(`Cannot ${action} as ${rule}: ${describe(codec)}`);
  }
  const { encode, decode } = codec as Codec;
  for (const [name, method] of Object.entries({ encode, decode })) {
    const wanted = decision(method);
    if (wanted === undefined) continue;
    const rule = `"${name}" of the codec of "${type}" must be ${wanted}`;
    throw new TypeError(`Cannot ${action} as ${rule}: ${describe(method)}`);
  }
  return {
    encode: (body) => encode.call(codec, body),
    decode: (data) => decode.call(codec, data),
  };
}

function encodeBy(codec: Codec, body: unknown, contentType: string): Uint8Array {
  const rule = `the codec of "${legible(contentType)}" must give bytes or text`;
  let made: unknown;
  try {
    made = codec.encode(body);
  } catch (cause) {
    throw new EncodeError(`it threw: ${asError(cause, "a value:").message}`, { cause, rule });
  }
  if (typeof made === "string" && made.isWellFormed()) return utf8(made);
  // a copy: a codec may write its next message into the same memory while this one waits
  if (made instanceof Uint8Array) return new Uint8Array(viewed(made));
  const found = typeof made === "string" ? "text with half a character" : describe(made);
  throw new EncodeError(`it gave ${discarded(made) ? "a promise" : found}`, { rule });
}

function decodeBy(codec: Codec, data: Uint8Array, contentType: string): unknown {
  try {
    // a copy: the bytes are a part of what was read from the socket, and a body may be a view of them
    const body = codec.decode(new Uint8Array(data));
    if (!discarded(body)) return body;
    throw new TypeError("Cannot decode a body as a codec must not be async: it gave a promise");
  } catch (cause) {
    throw new DecodeError(contentType, { cause });
  }
}

/** Whether it is a promise; if it rejects, nobody else would handle that. */
function discarded(value: unknown): boolean {
  if (!isThenable(value)) return false;
  handled(Promise.resolve(value));
  return true;
}
