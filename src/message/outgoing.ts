import type { Packet } from "./packet.ts";
import { encodeBody } from "./codec.ts";
import { encodeHeaders } from "./header_block.ts";
import type { HeaderFields } from "./headers.ts";

/** A message ready for the wire; a request is given its address of reply last. */
export interface Outgoing extends Packet {
  replyTo: string;
}

/** What goes with a body. */
export interface Envelope {
  readonly headers?: HeaderFields | undefined;
  readonly replyTo?: string | undefined;
  readonly correlationId: string;
  /** Milliseconds that the answer may take, for a request. */
  readonly timeLeft?: number | undefined;
}

/**
 * Makes a message of a subject and a body, with the headers that FastStream's peers read.
 *
 * @throws {EncodeError} if the body is not text, bytes or a JSON value
 * @throws {TypeError} if a header would break the header block apart, or the server has no headers
 */
export function compose(
  subject: string,
  body: unknown,
  { headers, replyTo = "", correlationId, timeLeft }: Envelope,
  hasHeaders: boolean,
): Outgoing {
  const { data, contentType } = encodeBody(body);
  if (!hasHeaders) return { subject, replyTo, data, headerBlock: without(headers) };
  const headerBlock = encodeHeaders({ contentType, correlationId, timeLeft }, headers);
  return { subject, replyTo, data, headerBlock };
}

function without(headers: HeaderFields | undefined): undefined {
  if (headers === undefined) return;
  throw new TypeError("Cannot send headers as the server must support them: it does not");
}
