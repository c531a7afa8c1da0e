import { MessageHeaders, type RawMessage } from "../../door/mod.ts";
import type { PubAck } from "../api/api_types.ts";
import { JetStreamError, NoStreamError } from "../api/errors.ts";
import { readReply } from "../api/reply.ts";

/** A response to a publication. */
export type Answer =
  | { readonly kind: "stored"; readonly ack: PubAck }
  | { readonly kind: "refused"; readonly error: JetStreamError }
  /** No stream answers, or it is overloaded: may be temporary. */
  | { readonly kind: "later"; readonly error: JetStreamError }
  /** From another subscriber of the subject, which answers what it receives. */
  | { readonly kind: "foreign" }
  /** A part of a batch was accepted; the answer to the last part says whether the batch is stored. */
  | { readonly kind: "taken" };

/** "temporarily unavailable", "duplicate message id is in process", and "too many requests". */
const PASSING: ReadonlySet<number> = new Set([10008, 10158, 10167]);

/** Whether the error may pass, so that the stream may accept the message a little later. */
export function isPassing({ errCode }: JetStreamError): boolean {
  return PASSING.has(errCode);
}

/** A cluster of nats-server 2.10 can remember an id before its message is stored, and even if it never is. */
function notYet(action: string): JetStreamError {
  const rule = "a message of its id must be stored, or known not to be: it is neither";
  return new JetStreamError(action, rule);
}

/**
 * Parses a response to a publication; other subscribers of the subject may respond, too, and their responses are no
 * acknowledgement. `action` is for error messages; by default it names the publication. `isBatch` is whether the response
 * is to a message of a batch.
 */
export function readAnswer(
  subject: string,
  { data, headerBlock }: RawMessage,
  action?: string,
  isBatch = false,
): Answer {
  if (data.length === 0) {
    if (headerBlock === undefined) return { kind: "taken" };
    const headers = MessageHeaders.parse(headerBlock);
    if (headers.status !== 503) return { kind: "foreign" };
    // for a batch, the header says which message the response is about
    const named = headers.get("Nats-Subject");
    const found = named ?? subject;
    const about = isBatch && named !== undefined ? undefined : action;
    return { kind: "later", error: new NoStreamError(about ?? publishTo(found), found) };
  }
  try {
    const about = action === undefined ? subject : undefined;
    const ack = readReply<PubAck>(() => action ?? publishTo(subject), data, about);
    const isAck = typeof ack.stream === "string" && Number.isSafeInteger(ack.seq) && ack.seq >= 0;
    if (!isAck) return { kind: "foreign" };
    return ack.duplicate && ack.seq === 0
      ? { kind: "later", error: notYet(action ?? publishTo(subject)) }
      : { kind: "stored", ack };
  } catch (error) {
    // a JetStream error has an error code; a response that is not JSON has none
    const isOurs = error instanceof JetStreamError && error.errCode > 0;
    if (!isOurs) return { kind: "foreign" };
    return isPassing(error) ? { kind: "later", error } : { kind: "refused", error };
  }
}

/** The action that errors about a publication name. */
export function publishTo(subject: string): string {
  return `publish to "${subject}"`;
}
