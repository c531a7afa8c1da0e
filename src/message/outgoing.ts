import type { Packet } from "./packet.ts";
import { encodeBody } from "./codec.ts";
import { encodeHeaders, type HeaderFields } from "./headers.ts";

/** A message ready for the wire. */
export type Outgoing = Packet;

/** What goes with a body. */
export interface Envelope {
  readonly headers?: HeaderFields | undefined;
  readonly replyTo?: string | undefined;
  readonly correlationId: string;
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
  { headers, replyTo = "", correlationId }: Envelope,
  hasHeaders: boolean,
): Outgoing {
  const { data, contentType } = encodeBody(body);
  if (!hasHeaders) return { subject, replyTo, data, headerBlock: without(headers) };
  const type = contentType === undefined ? "" : `content-type: ${contentType}\r\n`;
  const headerBlock = encodeHeaders(`${type}correlation_id: ${correlationId}\r\n`, headers);
  return { subject, replyTo, data, headerBlock };
}

function without(headers: HeaderFields | undefined): undefined {
  if (headers === undefined) return;
  throw new TypeError("Cannot send headers as the server must support them: it does not");
}
