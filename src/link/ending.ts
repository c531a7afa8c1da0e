import { codeOf, ERROR_CODE, ERROR_CODES, ERROR_TEXT, errorReply } from "../message/reply.ts";
import { type LinkEnd, LinkError } from "./link_error.ts";
import { RemoteError, ReplyError, TimeoutError } from "../errors.ts";
import { encodeBody } from "../message/codec.ts";
import { encodeHeaders } from "../message/headers.ts";
import { ReceivedMessage } from "../message/message.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { END } from "../message/signalbox_headers.ts";
import { asError } from "../legible.ts";

/** How a link ends, as one side tells the other. */
export interface Ending {
  readonly reason: LinkEnd;
  /** Of an error. */
  readonly code?: number | undefined;
  /** The code as the other side sent it, where it is no whole number. */
  readonly rawCode?: string | undefined;
  readonly description?: string | undefined;
  readonly data?: unknown;
  /** What this side's program is told instead; it is not sent. */
  readonly error?: unknown;
}

export const COMPLETE: Ending = { reason: "complete" };
/** All links together hold too much. */
export const OUTGROWN: Ending = {
  reason: "error",
  code: ERROR_CODES.tooMany,
  description: "Streams and sessions hold too much, and this one the most",
};

const REASONS: ReadonlySet<string> = new Set<LinkEnd>([
  "complete",
  "error",
  "cancelled",
  "deadline",
  "idle",
  "peer gone",
  "gap",
  "shutting down",
]);

/** An ending as a frame carries it; one that is complete needs no words. */
export function encodeEnding(
  { reason, code, description, data }: Ending,
  correlationId: string,
): Pick<RawMessage, "data" | "headerBlock"> {
  if (reason === "complete") return { data: encodeBody(undefined).data, headerBlock: undefined };
  const error = code === undefined ? undefined : errorReply(code, description ?? "", data);
  const { data: bytes, contentType } = encodeBody(error ? error.body : description);
  const fields = { ...error?.headers as Record<string, string>, [END]: reason };
  const own = { contentType, correlationId, timeLeft: undefined };
  return { data: bytes, headerBlock: encodeHeaders(own, fields) };
}

/** The ending without data that cannot be sent, as the other side must hear of it in any case; why is reported. */
export function sendable(ending: Ending, report: (error: unknown) => void): Ending {
  if (ending.data === undefined) return ending;
  try {
    encodeBody(ending.data);
    return ending;
  } catch (error) {
    report(error);
    return { ...ending, data: undefined };
  }
}

/** Reads it; a reason that we do not know, from a later peer, is the nearest that we do. */
export function readEnding(
  { data, headerBlock }: Pick<RawMessage, "data" | "headerBlock">,
): Ending {
  if (!headerBlock) return COMPLETE;
  const message = new ReceivedMessage({ subject: "", replyTo: "", data, headerBlock });
  const given = message.headers.get(END) ?? "";
  const code = message.headers.get(ERROR_CODE);
  const reason = REASONS.has(given) ? given as LinkEnd : code === undefined ? "cancelled" : "error";
  const body = bodyOf(message);
  if (code === undefined) {
    return { reason, description: typeof body === "string" ? body : undefined };
  }
  const description = message.headers.get(ERROR_TEXT) ?? "";
  const number = codeOf(code);
  const ending = { reason, code: number, description, data: body };
  return String(number) === code ? ending : { ...ending, rawCode: code };
}

/** What the program is told of an ending, where it wanted to do something else. */
export function errorOf(
  ending: Ending,
  action: string,
  subject: string,
): unknown {
  const { reason, code, rawCode, description, data, error } = ending;
  if (error !== undefined) return error;
  if (code !== undefined) return new RemoteError(subject, code, description ?? "", data, rawCode);
  return new LinkError(action, subject, reason, description);
}

/** What the other side is told when the program leaves: an error's text only if it was made for it. */
export function leaving(reason: unknown): Ending {
  // a reason that throws when it is looked at must not keep the link open
  const error = asError(reason);
  if (error instanceof ReplyError) {
    const { code, message: description, data } = error;
    return { reason: "error", code, description, data };
  }
  return { reason: "cancelled", description: typeof reason === "string" ? reason : undefined };
}

function bodyOf(message: ReceivedMessage): unknown {
  try {
    return message.body;
  } catch {
    return message.data;
  }
}

/** How an opening ends that failed here. */
export function reasonOf(thrown: unknown): LinkEnd {
  const error = asError(thrown);
  if (error instanceof TimeoutError) return "deadline";
  return error === thrown && error.name !== "AbortError" ? "error" : "cancelled";
}
