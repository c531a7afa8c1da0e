/**
 * Dead letters as consumers write them and as programs read and replay them: their stream, subjects and headers.
 *
 * @module
 */
import { DEAD, type HeaderFields, type MessageHeaders } from "../../door/mod.ts";
import { legible } from "../../legible.ts";
import type { StreamConfig } from "../api/api_types.ts";

/** How long dead letters are kept: 30 days, in nanoseconds. */
const MAX_AGE = 30 * 86_400 * 1_000_000_000;
/** The longest list of issues, in characters. */
const LONGEST_ISSUES = 4_096;
/** The longest stack, in characters. */
const LONGEST_STACK = 8_192;

/** Why a message is a dead letter. */
export type DeadReason =
  /** Every attempt failed: the handler threw, or exceeded its time limit. */
  | "failed"
  /** The handler threw a `Reject`. */
  | "rejected"
  /** The body does not decode, or does not fit the schema. */
  | "unfit"
  /** The attempts were used up without any outcome: the message may crash the process. */
  | "lost";

/** One thing that a schema found wrong with a body. */
export interface DeadIssue {
  /** The schema's message. */
  readonly message: string;
  /** The path from the body's root; empty for the body itself. */
  readonly path: readonly string[];
}

/** The identity of a message: the stream, sequence and time of its first storage. */
export interface DeadOrigin {
  readonly stream: string;
  readonly consumer: string;
  /** Its sequence in the stream. */
  readonly seq: number;
  /** When it was stored, in milliseconds since 1970. */
  readonly time: number;
}

/** What a dead letter records in addition to the message's body and headers. */
export interface DeadLetter extends DeadOrigin {
  /** The subject of the message. */
  readonly subject: string;
  /** How often it was delivered. */
  readonly attempts: number;
  readonly reason: DeadReason;
  /** The text of the error, on one line. */
  readonly error: string;
  /** What is wrong with the body, if a schema says so. */
  readonly issues?: readonly DeadIssue[] | undefined;
  /** The stack of the error, if the consumer keeps stacks; each line break is written as `\n`. */
  readonly stack?: string | undefined;
}

/** The default name of the stream of dead letters. */
export function deadStreamOf(stream: string): string {
  return `${stream}_DEAD`;
}

/** The configuration with which a stream of dead letters is created. */
export function deadStreamConfig(
  name: string,
  replicas = 1,
): Partial<StreamConfig> & { readonly name: string } {
  return {
    name,
    description: "Messages that consumers gave up",
    subjects: [`${name}.>`],
    max_age: MAX_AGE,
    num_replicas: replicas,
    allow_direct: true,
  };
}

/**
 * The subject of a dead letter: one per origin, so that each is stored once. The time distinguishes it from a message
 * of a former stream with the same name. A replayed message that fails again gets another subject per `life`, as its
 * first dead letter may still exist.
 */
export function deadSubject(
  dead: string,
  { stream, consumer, seq, time }: DeadOrigin,
  life?: number,
): string {
  const again = life === undefined ? "" : `-${life}`;
  return `${dead}.${stream}.${consumer}.${seq}-${time}${again}`;
}

/** The subject filter for the dead letters of a stream, or of one of its consumers. */
export function deadFilter(dead: string, stream = "*", consumer = "*"): string {
  return `${dead}.${stream}.${consumer}.*`;
}

/** The subject to which a dead letter is replayed for its consumer; `deadSeq` is the dead letter's sequence. */
export function replaySubject(subject: string, deadSeq: number): string {
  return `${subject}.again.${deadSeq}`;
}

/** The subject filter from which a consumer reads its replayed messages. */
export function replayFilter(dead: string, stream: string, consumer: string): string {
  return `${dead}.${stream}.${consumer}.*.again.*`;
}

/** The headers of a dead letter: those of the message, without per-hop headers, and ours. */
export function deadHeaders(headers: MessageHeaders, letter: DeadLetter): HeaderFields {
  return [...keptHeaders(headers), ...ownHeaders(letter)];
}

/** The headers of a message that can be sent again. */
export function keptHeaders(headers: MessageHeaders): [string, string][] {
  const kept: [string, string][] = [];
  // copied pairs: the originals are marked as received, and per-hop headers among them are not sent
  for (const [name, value] of headers) {
    const isOfHop = /^(?:nats|signalbox)-/i.test(name);
    const isSendable = /^[!-9;-~]+$/.test(name) && /^[^\r\n\0]*$/.test(value) &&
      value.isWellFormed();
    if (!isOfHop && isSendable) kept.push([name, value]);
  }
  return kept;
}

function ownHeaders(letter: DeadLetter): [string, string][] {
  const { stack, issues } = letter;
  const own: [string, string][] = [
    ["Stream", letter.stream],
    ["Consumer", letter.consumer],
    ["Seq", String(letter.seq)],
    ["Subject", letter.subject],
    ["Time", new Date(letter.time).toISOString()],
    ["Attempts", String(letter.attempts)],
    ["Reason", letter.reason],
    ["Error", lineOf(letter.error)],
  ];
  if (issues && issues.length > 0) own.push(["Issues", issuesLine(issues)]);
  if (stack !== undefined) own.push(["Stack", JSON.stringify(stack.slice(0, LONGEST_STACK))]);
  return own.map(([name, value]) => [DEAD + name, value]);
}

function lineOf(text: string): string {
  return legible(text).toWellFormed();
}

/** As many issues as fit: JSON cut in the middle could not be parsed. */
function issuesLine(issues: readonly DeadIssue[]): string {
  const kept: DeadIssue[] = [];
  let length = 2;
  for (const { message, path } of issues) {
    const issue = { message: lineOf(message), path: path.map(lineOf) };
    length += JSON.stringify(issue).length + 1;
    if (length > LONGEST_ISSUES) break;
    kept.push(issue);
  }
  return JSON.stringify(kept);
}

const REASONS: ReadonlySet<string> = new Set(["failed", "rejected", "unfit", "lost"]);

/** Parses a dead letter's headers; `undefined` for a message that is no dead letter. */
export function readDeadLetter(headers: MessageHeaders): DeadLetter | undefined {
  const get = (name: string) => headers.get(DEAD + name) ?? "";
  const letter = {
    stream: get("Stream"),
    consumer: get("Consumer"),
    seq: Number(get("Seq")),
    subject: get("Subject"),
    time: Date.parse(get("Time")),
    attempts: Number(get("Attempts")),
    reason: get("Reason") as DeadReason,
    error: get("Error"),
    issues: jsonOf(get("Issues"), isIssues),
    stack: jsonOf(get("Stack"), (value) => typeof value === "string"),
  };
  const isWhole = letter.stream !== "" && letter.consumer !== "" && letter.subject !== "" &&
    Number.isSafeInteger(letter.seq) && letter.seq >= 1 && Number.isFinite(letter.time) &&
    Number.isSafeInteger(letter.attempts) && REASONS.has(letter.reason);
  return isWhole ? letter as DeadLetter : undefined;
}

function jsonOf(text: string, isFit: (value: unknown) => boolean): unknown {
  if (text === "") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isFit(value) ? value : undefined;
  } catch {
    // any client that may publish to the stream can have written invalid headers
    return undefined;
  }
}

function isIssues(value: unknown): boolean {
  return Array.isArray(value) &&
    value.every((issue) =>
      typeof issue?.message === "string" && Array.isArray(issue.path) &&
      issue.path.every((step: unknown) => typeof step === "string")
    );
}
