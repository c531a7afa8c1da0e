import { DecodeError, EncodeError } from "../errors.ts";
import { asError, legible } from "../legible.ts";
import { decision, describe } from "../options.ts";
import { handled, isThenable } from "../promises.ts";
import {
  BYTES,
  decodeBody,
  encodeBody,
  type EncodedBody,
  isBytes,
  JSON_TYPE,
  mediaTypeOf,
  TEXT,
  viewed,
} from "./body.ts";
import { ERROR_CODE, isPlainType } from "./headers.ts";
import { utf8 } from "./raw_message.ts";

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
  /** The type of bodies that are neither text nor bytes. */
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
