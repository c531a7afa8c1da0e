import { fillRandom } from "../../clock.ts";
import { RemoteError, ReplyError, TimeoutError } from "../../errors.ts";
import { asError } from "../../legible.ts";
import { encodeBody } from "../../message/body.ts";
import { encodeHeaders, ERROR_CODE, ERROR_TEXT, MessageHeaders } from "../../message/headers.ts";
import { ReceivedMessage } from "../../message/message.ts";
import { type RawMessage, utf8 } from "../../message/raw_message.ts";
import { codeOf, ERROR_CODES, errorReply } from "../../message/reply.ts";
import { END, LINK } from "../../message/signalbox_headers.ts";
import { type LinkEnd, LinkError } from "../link_error.ts";
import type { LinkSettings, ResponseLimit } from "../link_options.ts";
import { LONGEST_PACK } from "./frame.ts";

/** How a link ends, as one side tells its peer. */
export interface EndDetails {
  readonly reason: LinkEnd;
  /** Of an error. */
  readonly code?: number | undefined;
  /** The code as the peer sent it, if it is no whole number. */
  readonly rawCode?: string | undefined;
  readonly description?: string | undefined;
  readonly data?: unknown;
  /** The error for this side's program; never sent. */
  readonly error?: unknown;
}

export const COMPLETE: EndDetails = { reason: "complete" };
/** All links together hold too much. */
export const OUTGROWN: EndDetails = {
  reason: "error",
  code: ERROR_CODES.tooMany,
  description: "Streams and sessions hold too much, and this one the most",
};

const REASONS: ReadonlyMap<string, LinkEnd> = new Map([
  ...([
    "complete",
    "error",
    "cancelled",
    "deadline",
    "idle",
    "peer-gone",
    "gap",
    "shutting-down",
  ] as const).map((reason) => [reason, reason] as const),
  // what peers of 0.1 say; read until 0.3, and never sent
  ["peer gone", "peer-gone"],
  ["shutting down", "shutting-down"],
]);

/** An ending as a frame carries it; a complete one needs no details. */
export function encodeEnding(
  { reason, code, description, data }: EndDetails,
  correlationId: string,
): Pick<RawMessage, "data" | "headerBlock"> {
  if (reason === "complete") return { data: encodeBody(undefined).data, headerBlock: undefined };
  const error = code === undefined ? undefined : errorReply(code, description ?? "", data);
  const { data: bytes, contentType } = encodeBody(error ? error.body : description);
  const fields = { ...error?.headers as Record<string, string>, [END]: reason };
  const own = { contentType, correlationId, timeLeft: undefined };
  return { data: bytes, headerBlock: encodeHeaders(own, fields) };
}

/** The ending, without its data if that cannot be encoded, as the peer must learn of the end in any case. */
export function sendable(ending: EndDetails, report: (error: unknown) => void): EndDetails {
  if (ending.data === undefined) return ending;
  try {
    encodeBody(ending.data);
    return ending;
  } catch (error) {
    report(error);
    return { ...ending, data: undefined };
  }
}

/** Reads an ending; an unknown reason, of a later version, becomes the nearest known one. */
export function readEnding(
  { data, headerBlock }: Pick<RawMessage, "data" | "headerBlock">,
): EndDetails {
  if (!headerBlock) return COMPLETE;
  const message = new ReceivedMessage({ subject: "", replyTo: "", data, headerBlock });
  const known = REASONS.get(message.headers.get(END) ?? "");
  const code = message.headers.get(ERROR_CODE);
  const reason = known ?? (code === undefined ? "cancelled" : "error");
  const body = bodyOf(message);
  if (code === undefined) {
    return { reason, description: typeof body === "string" ? body : undefined };
  }
  const description = message.headers.get(ERROR_TEXT) ?? "";
  const number = codeOf(code);
  const ending = { reason, code: number, description, data: body };
  return String(number) === code ? ending : { ...ending, rawCode: code };
}

/** The error for an operation that an ending has made impossible. */
export function errorOf(
  ending: EndDetails,
  action: string,
  subject: string,
): unknown {
  const { reason, code, rawCode, description, data, error } = ending;
  if (error !== undefined) return error;
  if (code !== undefined) return new RemoteError(subject, code, description ?? "", data, rawCode);
  return new LinkError(action, subject, reason, description);
}

/** The ending for the peer when the program cancels: only a `ReplyError` shows its text. */
export function leaving(reason: unknown): EndDetails {
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

/** The reason of an opening that failed on this side. */
export function reasonOf(thrown: unknown): LinkEnd {
  const error = asError(thrown);
  if (error instanceof TimeoutError) return "deadline";
  return error === thrown && error.name !== "AbortError" ? "error" : "cancelled";
}

/** The terms of one side, in its opening or its acceptance. */
export interface HandshakeTerms {
  readonly kind: "stream" | "session";
  /** The last number that may be sent to it, and the bytes before the last frame, until it says more. */
  readonly frames: number;
  readonly bytes: number;
  /** The largest body it takes, in bytes. */
  readonly body: number;
  /** How many messages it may send to each reply address, 0 for any number. */
  readonly responses: number;
  /** How many bytes of frames it takes as one message, 0 where each must be a message of its own. */
  readonly several: number;
  /** How often it must be heard from, in milliseconds, as its reply addresses do not last; 0 where they do. */
  readonly renew: number;
  /**
   * In an opening 1, if this side knows secrets; in an acceptance the secret that bare frames of this link carry. 0 for
   * none.
   */
  readonly secret: number;
}

/** What an opening says of secrets. */
export const KNOWS_SECRETS = 1;
/** Of 15 digits; fewer possible ones than inboxes, but each guess is a message that is reported. */
const LEAST_SECRET = 100_000_000_000_000;

const VERSION = "1";

export function termsOf(
  kind: HandshakeTerms["kind"],
  { window, maxMessage, resumeTimeout }: LinkSettings,
  allowance: ResponseLimit | undefined,
): HandshakeTerms {
  const { messages: frames, bytes } = window;
  const responses = allowance?.max ?? 0;
  // half of the lifetime of an address, and three times before the peer would count as gone
  const renew = allowance ? Math.floor(Math.min(allowance.expires / 2, resumeTimeout / 3)) : 0;
  const several = LONGEST_PACK;
  return { kind, frames, bytes, body: maxMessage, responses, several, renew, secret: 0 };
}

/** A number that only those who have seen the acceptance know. */
export function newSecret(): number {
  const [random] = fillRandom(new BigUint64Array(1));
  return LEAST_SECRET + Number(random! % BigInt(9 * LEAST_SECRET));
}

/** The terms in an opening or an acceptance; `undefined` in any other message. */
export function toldIn({ headerBlock }: RawMessage): string | undefined {
  return headerBlock && MessageHeaders.parse(headerBlock).get(LINK);
}

/** The header's value: the protocol's version, the kind, and pairs. */
export function encodeTerms({ kind, secret, ...numbers }: HandshakeTerms): string {
  const told = secret === 0 ? numbers : { ...numbers, secret };
  const pairs = Object.entries(told).map(([name, value]) => `${name}=${value}`);
  return [VERSION, kind, ...pairs].join(" ");
}

/** Reads the header's value and ignores unknown pairs; `undefined` for another version. */
export function parseTerms(value: string): HandshakeTerms | undefined {
  const [version, kind, ...pairs] = value.split(" ");
  if (version !== VERSION || (kind !== "stream" && kind !== "session")) return undefined;
  const told = new Map(pairs.map((pair) => pair.split("=") as [string, string | undefined]));
  const number = (name: string) => {
    const text = told.get(name) ?? "";
    return /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  };
  const terms = {
    kind,
    frames: number("frames"),
    bytes: number("bytes"),
    body: number("body"),
    responses: number("responses"),
    several: Math.min(number("several") || 0, LONGEST_PACK),
    renew: number("renew") || 0,
    secret: number("secret") || 0,
  } as const;
  const { frames, bytes, body, responses } = terms;
  return [frames, bytes, body, responses].some(Number.isNaN) ? undefined : terms;
}

/** What one side knows of both directions: every control frame carries it, and larger numbers are newer. */
export interface FlowState {
  /** The number of the last frame that came in order: all up to it are acknowledged. */
  readonly received: number;
  /** The last number that the peer may send. */
  readonly frames: number;
  /** The peer may begin a frame while it has sent fewer bytes than this in all. */
  readonly bytes: number;
  /** The number of the last frame that was sent before this. */
  readonly sent: number;
  /** Reply addresses up to this serial are of no use any more. */
  readonly spent: number;
}

const ascii = new TextDecoder();
const FORM = /^(\d{1,16}) (\d{1,16}) (\d{1,16}) (\d{1,16}) (\d{1,16})$/;
/** Five numbers and the blanks between them; a longer text is invalid. */
const LONGEST = 84;

export function encodeFlowState({ received, frames, bytes, sent, spent }: FlowState): Uint8Array {
  return utf8(`${received} ${frames} ${bytes} ${sent} ${spent}`);
}

/** `undefined` for an invalid one. */
export function parseFlowState(data: Uint8Array): FlowState | undefined {
  const found = data.length > LONGEST ? null : FORM.exec(ascii.decode(data));
  if (!found) return undefined;
  const [received, frames, bytes, sent, spent] = found.slice(1).map(Number) as Numbers;
  return { received, frames, bytes, sent, spent };
}

type Numbers = [number, number, number, number, number];
