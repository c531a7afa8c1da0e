import { encodeBody } from "../../message/body.ts";
import type { Codecs } from "../../message/codecs.ts";
import {
  encodeHeaders,
  type HeaderFields,
  MessageHeaders,
  sendableFields,
  VERSION,
} from "../../message/headers.ts";
import { copyOf, type RawMessage, sizeOf, utf8 } from "../../message/raw_message.ts";
import type { BodyCode, Unnumbered } from "./frame.ts";

const TYPES: Readonly<Record<string, string | undefined>> = {
  t: "text/plain",
  j: "application/json",
  b: "application/octet-stream",
};
const LETTERS = new Map(Object.entries(TYPES).map(([code, type]) => [type, code as BodyCode]));
const NONE = MessageHeaders.from({});
const HEADERS = new Map(
  Object.entries(TYPES).map((
    [code, type],
  ) => [code, MessageHeaders.parse(utf8(`${VERSION}\r\ncontent-type: ${type}\r\n\r\n`))]),
);

/** A complete body as the message that it becomes, and how to read it. */
export interface ReceivedBody extends RawMessage {
  readonly code: BodyCode;
  /** The bytes of its frames that hold a place in the window until it is read, headers included. */
  readonly size: number;
  /** How many frames these are. */
  readonly frames: number;
}

/** The headers of a body; one letter stands for them on the wire if there is only its type. */
export function headersOf(
  { code, headerBlock }: Pick<ReceivedBody, "code" | "headerBlock">,
): MessageHeaders {
  return headerBlock ? MessageHeaders.parse(headerBlock) : HEADERS.get(code) ?? NONE;
}

/** The content type that a letter stands for. */
export function typeOf(code: BodyCode): string | undefined {
  return TYPES[code];
}

/** The letter for a type; `h` if headers name it. */
export function codeOf(contentType: string | undefined): BodyCode {
  if (contentType === undefined) return "u";
  return LETTERS.get(contentType) ?? "h";
}

/** The frames of one body: one, or pieces if it is larger than a message may be. */
export interface BodyFrames {
  readonly frames: readonly Unnumbered[];
  /** In bytes, headers included. */
  readonly size: number;
}

/**
 * Encodes a body.
 *
 * @throws {EncodeError} if it is not text, bytes or a JSON value
 * @throws {TypeError} for a header that would break the block apart
 */
export function framesOf(
  body: unknown,
  headers: HeaderFields | undefined,
  correlationId: string,
  maxPayload: number,
  codecs?: Codecs,
): BodyFrames {
  const fields = headers && sendableFields(headers);
  const { data: encoded, contentType } = codecs ? codecs.encode(body, fields) : encodeBody(body);
  const code = fields ? "h" : codeOf(contentType);
  const headerBlock = code === "h"
    ? encodeHeaders({ contentType, correlationId, timeLeft: undefined }, fields)
    : undefined;
  const size = sizeOf({ data: encoded, headerBlock });
  // copy: the frame is kept until it is acknowledged, and the caller may reuse the bytes at once
  if (size <= maxPayload) {
    const data = contentType === TYPES.b ? copyOf(encoded) : encoded;
    return { frames: [{ code, data, headerBlock }], size };
  }
  // the headers go with the last piece, which must have room for them
  const most = Math.max(1, maxPayload - (headerBlock?.length ?? 0));
  const frames: Unnumbered[] = [];
  let at = 0;
  // give each its own bytes: the last unacknowledged piece must not keep the whole body
  while (encoded.length - at > most) {
    const data = new Uint8Array(encoded.subarray(at, at + maxPayload));
    frames.push({ code: "m", data, headerBlock: undefined });
    at += data.length;
  }
  frames.push({ code, data: new Uint8Array(encoded.subarray(at)), headerBlock });
  return { frames, size };
}
