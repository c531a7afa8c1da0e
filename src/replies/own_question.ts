import { MessageHeaders } from "../message/headers.ts";
import type { Packet } from "../message/packet.ts";

/**
 * Whether a message is the question that was sent, and not one of somebody else who has seen its address of reply: an
 * answer to that would be taken for the answer to ours. A server that maps subjects, or adds headers, makes another one
 * of it.
 */
export function isOwnQuestion(sent: Packet, arrived: Packet): boolean {
  if (sent.subject !== arrived.subject || sent.replyTo !== arrived.replyTo) return false;
  const { headerBlock: ours = NOTHING, data } = sent;
  const { headerBlock: theirs = NOTHING } = arrived;
  if (!isSame(ours, theirs) || data.length !== arrived.data.length) return false;
  // a program may write over its own bytes once they are sent
  return isSame(data, arrived.data) || isBytes(theirs);
}

const NOTHING = new Uint8Array(0);

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

function isBytes(headerBlock: Uint8Array): boolean {
  return MessageHeaders.parse(headerBlock).get("content-type") === "application/octet-stream";
}
