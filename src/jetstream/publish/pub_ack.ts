import { MessageHeaders, type RawMessage } from "../../door/mod.ts";
import type { PubAck } from "../api/api_types.ts";
import { JetStreamError, NoStreamError } from "../api/errors.ts";
import { readReply } from "../api/reply.ts";

/** What came back at the address of a publication. */
export type Answer =
  | { readonly kind: "stored"; readonly ack: PubAck }
  | { readonly kind: "refused"; readonly error: JetStreamError }
  /** No stream listens, or it has too much to do: it may be otherwise in a moment. */
  | { readonly kind: "later"; readonly error: JetStreamError }
  /** From somebody else who listens to the subject, and answers what comes in. */
  | { readonly kind: "foreign" }
  /** A part of a batch that was taken in; whether all of it is stored is told at its end. */
  | { readonly kind: "taken" };

/** "temporarily unavailable", "duplicate message id is in process", and "too many requests". */
const PASSING: ReadonlySet<number> = new Set([10008, 10158, 10167]);

/** A cluster of nats-server 2.10 knows an id before the message is stored, and also if it never is. */
function notYet(action: string): JetStreamError {
  const rule = "a message of its id must be stored, or known not to be: it is neither";
  return new JetStreamError(action, rule);
}

/**
 * Reads what came back for a subject; who listens to the same subject may answer, too, and that is no acknowledgement.
 * `action` is what errors say, unless that is to publish to the subject.
 */
export function readAnswer(
  subject: string,
  { data, headerBlock }: RawMessage,
  action?: string,
): Answer {
  if (data.length === 0) {
    if (headerBlock === undefined) return { kind: "taken" };
    const headers = MessageHeaders.parse(headerBlock);
    if (headers.status !== 503) return { kind: "foreign" };
    // of several messages it says which one
    const found = headers.get("Nats-Subject") ?? subject;
    return { kind: "later", error: new NoStreamError(action ?? publishTo(found), found) };
  }
  try {
    const ack = readReply<PubAck>(() => action ?? publishTo(subject), data);
    const isAck = typeof ack.stream === "string" && Number.isSafeInteger(ack.seq) && ack.seq >= 0;
    if (!isAck) return { kind: "foreign" };
    return ack.duplicate && ack.seq === 0
      ? { kind: "later", error: notYet(action ?? publishTo(subject)) }
      : { kind: "stored", ack };
  } catch (error) {
    // an error of JetStream has a number; what is no JSON has none
    const isOurs = error instanceof JetStreamError && error.errCode > 0;
    if (!isOurs) return { kind: "foreign" };
    return PASSING.has(error.errCode) ? { kind: "later", error } : { kind: "refused", error };
  }
}

function publishTo(subject: string): string {
  return `publish to "${subject}"`;
}
