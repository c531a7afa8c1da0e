import type { Packet } from "./packet.ts";
import { encodeBody } from "./codec.ts";
import { encodeHeaders, withTimeLeft } from "./header_block.ts";
import { type HeaderFields, pairsOf } from "./headers.ts";

/** A message ready for the wire; a request is given its address of reply last. */
export interface Outgoing extends Packet {
  replyTo: string;
  /** One that is held has bytes of its own. */
  data: Uint8Array;
  headerBlock: Uint8Array | undefined;
  /** What its headers say of the time the answer may take, in milliseconds, for a request. */
  timeLeft?: number | undefined;
  /** What its headers say that ties it to its answer, `undefined` where the program has written that itself. */
  readonly correlationId?: string | undefined;
  /** Whether nobody wants it sent after an outage that kept it: its sender has given up, or sees to it by itself. */
  isForgotten?: boolean;
  /** Whether somebody waits for it or for its answer, and is told by a timeout if it is lost. */
  isAwaited?: boolean;
}

/** Whether nobody would notice if it was lost. */
export function isUnwatched({ isForgotten, isAwaited }: Outgoing): boolean {
  return !isForgotten && !isAwaited;
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
export function encodeMessage(
  subject: string,
  body: unknown,
  { headers, replyTo = "", correlationId, timeLeft }: Envelope,
  hasHeaders: boolean,
): Outgoing {
  const { data, contentType } = encodeBody(body);
  if (!hasHeaders) return { subject, replyTo, data, headerBlock: without(headers) };
  // once, as an iterable may give them no second time
  const fields = headers && pairsOf(headers);
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

/** So many milliseconds have passed: a responder must not be told of time that is over. */
export function age(outgoing: Outgoing, milliseconds: number): void {
  const { headerBlock, timeLeft } = outgoing;
  if (headerBlock === undefined || timeLeft === undefined) return;
  outgoing.timeLeft = Math.max(0, Math.ceil(timeLeft - milliseconds));
  outgoing.headerBlock = withTimeLeft(headerBlock, timeLeft, outgoing.timeLeft);
}

function without(headers: HeaderFields | undefined): undefined {
  if (headers === undefined) return;
  throw new TypeError("Cannot send headers as the server must support them: it does not");
}
