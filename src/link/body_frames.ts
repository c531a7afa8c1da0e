import { encodeBody } from "../message/codec.ts";
import { encodeHeaders } from "../message/header_block.ts";
import { type HeaderFields, MessageHeaders } from "../message/headers.ts";
import type { BodyCode } from "./frame.ts";
import type { Arrived } from "./incoming.ts";
import type { Unnumbered } from "./outflow.ts";

const TYPES: Readonly<Record<string, string | undefined>> = {
  t: "text/plain",
  j: "application/json",
  b: "application/octet-stream",
};
const NONE = MessageHeaders.from({});
const HEADERS = new Map(
  Object.entries(TYPES).map((
    [code, type],
  ) => [code, MessageHeaders.from({ "content-type": type! })]),
);

/** The headers of a body, which go over the wire as one letter where there is just its type to tell. */
export function headersOf({ code, headerBlock }: Arrived): MessageHeaders {
  return headerBlock ? MessageHeaders.parse(headerBlock) : HEADERS.get(code) ?? NONE;
}

/** The letter for a type; `h` stands for headers that tell it. */
export function codeOf(contentType: string | undefined): BodyCode {
  if (contentType === undefined) return "u";
  const found = Object.entries(TYPES).find(([, type]) => type === contentType);
  return found ? found[0] as BodyCode : "h";
}

/** What one body goes as: a frame, or pieces where it is larger than a message may be. */
export interface BodyFrames {
  readonly frames: readonly Unnumbered[];
  /** In bytes, headers not included. */
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
): BodyFrames {
  const { data: encoded, contentType } = encodeBody(body);
  // it is kept until it is acknowledged, and the caller may write into its bytes as soon as it was sent
  const data = encoded === body ? new Uint8Array(encoded) : encoded;
  const headerBlock = headers &&
    encodeHeaders({ contentType, correlationId, timeLeft: undefined }, headers);
  const code = headerBlock ? "h" : codeOf(contentType);
  const size = data.length;
  const most = Math.max(1, maxPayload - (headerBlock?.length ?? 0));
  if (size <= most) return { frames: [{ code, data, headerBlock }], size };
  const frames: Unnumbered[] = [];
  let at = 0;
  for (; size - at > most; at += most) {
    frames.push({ code: "m", data: data.subarray(at, at + most), headerBlock: undefined });
  }
  frames.push({ code, data: data.subarray(at), headerBlock });
  return { frames, size };
}
