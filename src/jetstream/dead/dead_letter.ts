/**
 * Dead letters, as consumers write them and as they are read and replayed: their stream, their subjects, their headers.
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
  /** The handler threw, or took too long, as often as it may. */
  | "failed"
  /** The handler threw a `Reject`. */
  | "rejected"
  /** The body does not decode, or does not fit the schema. */
  | "unfit"
  /** It was delivered as often as it may be, and nobody said what became of it: it may end the process. */
  | "lost";

/** One thing that a schema found wrong with a body. */
export interface DeadIssue {
  /** What is wrong, in the schema's words. */
  readonly message: string;
  /** Where: the keys from the body's root; empty for the body itself. */
  readonly path: readonly string[];
}

/** Which message it is: the first storing of it. */
export interface DeadOrigin {
  readonly stream: string;
  readonly consumer: string;
  /** Its sequence in the stream. */
  readonly seq: number;
  /** When it was stored, in milliseconds since 1970. */
  readonly time: number;
}

/** What a dead letter tells besides body and headers of the message. */
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
  /** The stack of the error, if the consumer was asked for it; it has `\n` for each end of a line. */
  readonly stack?: string | undefined;
}

/** The name of the stream of dead letters, if none is given. */
export function deadStreamOf(stream: string): string {
  return `${stream}_DEAD`;
}

/** The stream of dead letters, where it has to be made. */
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
 * Where a dead letter stands: one subject for each origin, so that it is stored once. The time tells it from a message of
 * another stream of the same name. One that was given back and died again has another subject for each `life`, as its
 * first dead letter may still be there.
 */
export function deadSubject(
  dead: string,
  { stream, consumer, seq, time }: DeadOrigin,
  life?: number,
): string {
  const again = life === undefined ? "" : `-${life}`;
  return `${dead}.${stream}.${consumer}.${seq}-${time}${again}`;
}

/** Where the dead letters of a stream, or of one of its consumers, stand. */
export function deadFilter(dead: string, stream = "*", consumer = "*"): string {
  return `${dead}.${stream}.${consumer}.*`;
}

/** Where a dead letter is stored again for its consumer, which reads it there; `deadSeq` is its own sequence. */
export function replaySubject(subject: string, deadSeq: number): string {
  return `${subject}.again.${deadSeq}`;
}

/** Where a consumer reads what was given back to it. */
export function replayFilter(dead: string, stream: string, consumer: string): string {
  return `${dead}.${stream}.${consumer}.*.again.*`;
}

/** The headers of the message, without those of one hop, and ours. */
export function deadHeaders(headers: MessageHeaders, letter: DeadLetter): HeaderFields {
  return [...keptHeaders(headers), ...ownHeaders(letter)];
}

/** What of a message's headers belongs to the message, and can be sent. */
export function keptHeaders(headers: MessageHeaders): [string, string][] {
  const kept: [string, string][] = [];
  // new pairs, as pairs of received headers of one hop are not sent
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

/** As many as fit; a list that is cut in the middle could not be read. */
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

/** Reads what a dead letter tells; `undefined` for a message that is none. */
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
    // whoever can write to the stream may have written anything
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
