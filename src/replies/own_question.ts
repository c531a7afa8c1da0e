import { MessageHeaders } from "../message/headers.ts";
import type { RawMessage } from "../message/raw_message.ts";

/**
 * Whether an arrived message is the question that we sent, and not a message from somebody else who has seen its reply
 * address: we would take the answer to that message for the answer to ours. If a server maps the subject or adds
 * headers, the message no longer counts as ours.
 */
export function isOwnQuestion(sent: RawMessage, arrived: RawMessage): boolean {
  if (sent.subject !== arrived.subject || sent.replyTo !== arrived.replyTo) return false;
  const { headerBlock: ours = NOTHING, data } = sent;
  const { headerBlock: theirs = NOTHING } = arrived;
  if (!isSame(ours, theirs) || data.length !== arrived.data.length) return false;
  // the program may have overwritten its bytes after sending them
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
