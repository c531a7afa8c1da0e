import { type Duration, millisecondsOf } from "../../duration.ts";
import {
  bytes,
  checkOptions,
  describe,
  duration,
  record,
  type Rule,
  signal,
  text,
} from "../../options.ts";
import {
  checkSubject,
  type HeaderFields,
  headerFields,
  Pattern,
  type Schema,
  standardSchema,
  validPairs,
} from "../../door/mod.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { requireVersion } from "../api/version.ts";
import { refuseOwn } from "../stream/own_subjects.ts";
import { declaredConfig, type Stream } from "../stream/stream.ts";

/**
 * What must hold where a message is stored; else a `ConflictError` says what the stream has. There is no way to expect the
 * id of the last message: with another last id than that, nats-server 2.15 stops each replica of the stream.
 */
export interface Expectations {
  /** The last sequence of the stream, or of what `of` matches; 0 for none. */
  readonly lastSeq?: number;
  /**
   * What `lastSeq` is the last sequence of: a subject, a wildcard, or a pattern. What is not the message's own subject
   * needs nats-server 2.12.
   *
   * @default {all subjects of the stream}
   */
  readonly of?: string;
  /** The stream that stores it. */
  readonly stream?: string | Stream;
}

/** What to send with the body of a message that is to be stored. */
export interface StoreMessageOptions {
  /** Additional headers; `Nats-*` are refused, as options say what they say. */
  readonly headers?: HeaderFields;
  /**
   * The stream stores one message of an id within its duplicate window.
   *
   * @default {a fresh random token}
   */
  readonly id?: string;
  /**
   * How long the stream holds it, in whole seconds; `Infinity` for ever, whatever the stream's `maxAge`. Needs a stream with
   * `allowMsgTtl`, and nats-server 2.11.
   *
   * @default {as long as the stream holds messages}
   */
  readonly ttl?: Duration;
  /** What must hold where it is stored. */
  readonly expect?: Expectations;
  /**
   * How long it may take, outages included; at most the stream's duplicate window.
   *
   * @default {"5s"}
   */
  readonly timeout?: Duration;
  /** Ends the wait with its reason; what is on its way may be stored all the same. */
  readonly signal?: AbortSignal;
}

/** What to send with a published body that is to be stored. */
export interface StoreOptions<Body = unknown> extends StoreMessageOptions {
  /** Checks and types the body before it is sent; it is sent as given. */
  readonly schema?: Schema<unknown, Body>;
}

/** The longest time to live that a header can have, in seconds: as many nanoseconds as the server counts. */
const LONGEST_TTL = 9_223_372_036;

/** The rule for a time to live. */
export const ttl: Rule = (value) => {
  const seconds = value === Infinity ? 1 : (millisecondsOf(value) ?? NaN) / 1_000;
  const isFitting = Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST_TTL;
  return isFitting ? undefined : 'whole seconds from 1 on, such as "90s", or Infinity';
};

const id: Rule = (value) =>
  typeof value === "string" && /^\S(?:[^\r\n\0]*\S)?$/.test(value) && value.isWellFormed()
    ? undefined
    : "one line of text without blanks around it";

const RULES = {
  headers: headerFields,
  id,
  ttl,
  expect: record,
  timeout: duration,
  signal,
  schema: standardSchema,
};
const EXPECTATION_RULES = { lastSeq: bytesRule, of: text, stream: anything };

function bytesRule(value: unknown): string | undefined {
  return bytes(value) && "a sequence, or 0 for none";
}

function anything(): undefined {
  return undefined;
}

/**
 * Checks a subject and the options of a message that is to be stored.
 *
 * @throws {InvalidSubjectError}
 * @throws {TypeError} naming the first option that is unknown or wrong
 */
export function checkStore(subject: string, options: StoreOptions | undefined): void {
  checkSubject("publish", subject);
  refuseOwn("publish", subject);
  if (options === undefined) return;
  const action = `publish to "${subject}"`;
  checkOptions(action, options, RULES);
  const { expect } = options;
  if (expect === undefined) return;
  checkOptions(action, expect, EXPECTATION_RULES);
  if (typeof expect.stream === "object") declaredConfig(action, expect.stream);
  if (expect.of === undefined || expect.lastSeq !== undefined) return;
  throw new TypeError(`Cannot ${action} as "of" must have a "lastSeq": it has none`);
}

/**
 * The headers that the options stand for, and those of the program.
 *
 * @throws {TypeError} for a header of NATS among those of the program
 * @throws {UnavailableError} if the server would ignore one of them without a word
 */
export function fieldsOf(
  api: JetStreamApi,
  subject: string,
  { headers, ttl, expect }: StoreMessageOptions,
): (readonly [string, string])[] {
  const action = `publish to "${subject}"`;
  const fields = headers ? programsOwn(action, headers) : [];
  if (ttl !== undefined) {
    requireVersion(api, action, "2.11", '"ttl"');
    fields.push(["Nats-TTL", ttlText(ttl)]);
  }
  if (expect) fields.push(...expected(api, subject, expect));
  return fields;
}

/** Writes a time to live as the server reads it. */
export function ttlText(ttl: Duration): string {
  return ttl === Infinity ? "never" : `${Math.round(millisecondsOf(ttl)! / 1_000)}`;
}

/**
 * The headers that a program may send. Headers of NATS steer the stream, so that a copied one could delete, delay or hide
 * messages.
 *
 * @throws {TypeError} for a header of NATS, and for one that cannot be sent
 */
export function programsOwn(
  action: string,
  headers: HeaderFields,
): (readonly [string, string])[] {
  const fields = validPairs(headers).filter(([name]) => !/^signalbox-/i.test(name));
  const own = fields.find(([name]) => /^nats-/i.test(name));
  if (own === undefined) return fields;
  throw new TypeError(
    `Cannot ${action} as a header must not begin with "Nats-": ${describe(own[0])}`,
  );
}

function expected(
  api: JetStreamApi,
  subject: string,
  { lastSeq, of, stream }: Expectations,
): (readonly [string, string])[] {
  const fields: (readonly [string, string])[] = [];
  if (stream !== undefined) {
    fields.push(["Nats-Expected-Stream", typeof stream === "string" ? stream : stream.name]);
  }
  if (lastSeq === undefined) return fields;
  if (of === undefined) return [...fields, ["Nats-Expected-Last-Sequence", `${lastSeq}`]];
  fields.push(["Nats-Expected-Last-Subject-Sequence", `${lastSeq}`]);
  const wanted = new Pattern(of, `publish to "${subject}"`).subject;
  if (wanted === subject) return fields;
  requireVersion(api, `publish to "${subject}"`, "2.12", '"of" another subject');
  return [...fields, ["Nats-Expected-Last-Subject-Sequence-Subject", wanted]];
}
