import type { RawMessage } from "./raw_message.ts";
import { encodeBody } from "./body.ts";
import type { Codecs } from "./codecs.ts";
import { encodeHeaders, type HeaderFields, pairsOf } from "./headers.ts";
import { TIME_LEFT } from "./signalbox_headers.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message ready for the wire; a request gets its reply address last. */
export interface EncodedMessage extends RawMessage {
  replyTo: string;
  /** Replaced by a copy if the message is held. */
  data: Uint8Array;
  headerBlock: Uint8Array | undefined;
  /** The time that the answer may take, as in the headers, in milliseconds, for a request. */
  timeLeft?: number | undefined;
  /** The correlation id in the headers; `undefined` if the program has written its own. */
  readonly correlationId?: string | undefined;
  /** Whether to drop it rather than hold it: its sender has cancelled it, or retries by itself. */
  dropOnDisconnect?: boolean;
  /** Whether somebody waits for it or for its answer, and gets a timeout if it is lost. */
  isAwaited?: boolean;
}

/** Whether a broken connection counts it as possibly lost, as nobody else would notice. */
export function countsAsUnconfirmed({ dropOnDisconnect, isAwaited }: EncodedMessage): boolean {
  return !dropOnDisconnect && !isAwaited;
}

/** What to send with a body. */
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
export function encodeMessage(
  subject: string,
  body: unknown,
  { headers, replyTo = "", correlationId, timeLeft }: Envelope,
  hasHeaders: boolean,
  codecs?: Codecs,
): EncodedMessage {
  // iterate only once, as an iterator gives its values only once
  const fields = headers && pairsOf(headers);
  const { data, contentType } = codecs ? codecs.encode(body, fields) : encodeBody(body);
  if (!hasHeaders) return { subject, replyTo, data, headerBlock: without(headers) };
  const headerBlock = encodeHeaders({ contentType, correlationId, timeLeft }, fields);
  const isOwn = fields?.some(([name]) => name.toLowerCase() === "correlation_id");
  return {
    subject,
    replyTo,
    data,
    headerBlock,
    timeLeft,
    correlationId: isOwn ? undefined : correlationId,
  };
}

/** Subtracts passed milliseconds from the time left that the message tells the responder. */
export function age(outgoing: EncodedMessage, milliseconds: number): void {
  const { headerBlock, timeLeft } = outgoing;
  if (headerBlock === undefined || timeLeft === undefined) return;
  outgoing.timeLeft = Math.max(0, Math.ceil(timeLeft - milliseconds));
  outgoing.headerBlock = withTimeLeft(headerBlock, timeLeft, outgoing.timeLeft);
}

function without(headers: HeaderFields | undefined): undefined {
  if (headers === undefined) return;
  throw new TypeError("Cannot send headers as the server must support them");
}

/** The block with another time left; a user's own header stays, as in a new block. */
function withTimeLeft(block: Uint8Array, before: number, now: number): Uint8Array {
  const line = (timeLeft: number) => `\r\n${TIME_LEFT}: ${timeLeft}\r\n`;
  return encoder.encode(decoder.decode(block).replace(line(before), line(now)));
}
