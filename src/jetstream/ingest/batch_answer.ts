import type { RawMessage } from "../../door/mod.ts";
import type { PubAck, WireError } from "../api/api_types.ts";
import { errorOf, type JetStreamError } from "../api/errors.ts";
import { wireErrorOf } from "../api/reply.ts";
import { isPassing, publishTo, readAnswer } from "../publish/pub_ack.ts";

/** The stream's answer to a message of a fast batch. */
export type BatchAnswer =
  /** The stream has taken `count` messages, and answers again after `every` more. */
  | { readonly kind: "flow"; readonly count: number; readonly every: number }
  /** The batch has ended, and its first `count` messages are stored. */
  | { readonly kind: "done"; readonly count: number; readonly ack: PubAck }
  /** The stream has stored the message alone, because it does not take batches. */
  | { readonly kind: "single"; readonly at: number; readonly ack: PubAck }
  /** The stream takes no batches, or no further one now. */
  | { readonly kind: "disabled" }
  /** Messages are missing, so the batch ends. */
  | { readonly kind: "broken" }
  | { readonly kind: "refused"; readonly at: number; readonly error: JetStreamError }
  /** The message is not stored, but the stream may accept it later. */
  | { readonly kind: "later"; readonly at: number; readonly error: JetStreamError };

/** The message that an answer belongs to. */
interface Answered {
  /**
   * The subject of the message at a place in the batch, counted from 1; the pattern of the ingest for a message that is no
   * longer kept.
   */
  readonly subjectAt: (at: number) => string;
  /** The id of the batch. */
  readonly batch: string;
  /** The place of the message in the batch, counted from 1. */
  readonly at: number;
  /** How many messages were sent in the batch. */
  readonly sent: number;
}

interface Flow {
  readonly type?: unknown;
  readonly seq?: unknown;
  readonly msgs?: unknown;
}

/**
 * The codes of "batch publish is disabled", "… pattern is invalid" and "too many inflight": the ingest then goes on without
 * batches.
 */
const WITHOUT: ReadonlySet<number> = new Set([10205, 10206, 10211]);
/** The code of "batch publish ID unknown". */
const UNKNOWN = 10208;

/** Parses an answer; `undefined` for any other message, as other subscribers of the subject may respond, too. */
export function readBatchAnswer(about: Answered, packet: RawMessage): BatchAnswer | undefined {
  const flow = readFlow(packet);
  if (flow !== undefined) return flowOf(about, flow);
  const answer = readAnswer(about.subjectAt(about.at), packet);
  switch (answer.kind) {
    case "stored": {
      const { ack } = answer;
      if (ack.batch === undefined) return { kind: "single", at: about.at, ack };
      const isOurs = ack.batch === about.batch && isCount(ack.count, about.sent);
      return isOurs ? { kind: "done", count: ack.count!, ack } : undefined;
    }
    case "refused":
      return refused(about.at, answer.error);
    case "later":
      return { ...answer, at: about.at };
    default:
      return undefined;
  }
}

/** Parses an answer with a `type`; acknowledgements of messages have none. */
function readFlow({ data }: RawMessage): Flow | undefined {
  // every such answer begins with its type
  if (data.length === 0 || data[0] !== 0x7b || data.length > 4_096) return undefined;
  try {
    const text = new TextDecoder().decode(data);
    if (!text.startsWith('{"type":')) return undefined;
    return JSON.parse(text) as Flow;
  } catch {
    return undefined;
  }
}

function flowOf({ subjectAt, sent }: Answered, flow: Flow): BatchAnswer | undefined {
  const { type, seq, msgs } = flow;
  if (type === "gap") return { kind: "broken" };
  if (!isCount(seq, sent)) return undefined;
  if (type === "ack") {
    return isCount(msgs, 65_535) && msgs > 0
      ? { kind: "flow", count: seq, every: msgs }
      : undefined;
  }
  const { error } = flow as { readonly error?: unknown };
  if (type !== "err" || typeof error !== "object" || error === null) return undefined;
  const wire: WireError = wireErrorOf(error);
  const subject = subjectAt(seq);
  return refused(seq, errorOf(publishTo(subject), wire, subject));
}

function refused(at: number, error: JetStreamError): BatchAnswer {
  if (WITHOUT.has(error.errCode)) return { kind: "disabled" };
  if (error.errCode === UNKNOWN) return { kind: "broken" };
  return isPassing(error) ? { kind: "later", at, error } : { kind: "refused", at, error };
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}
