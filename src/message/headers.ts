import { describe, holdsOptions, type Rule } from "../options.ts";
import { isThenable } from "../promises.ts";
import { allocate } from "./raw_message.ts";
import { TIME_LEFT } from "./signalbox_headers.ts";

const decoder = new TextDecoder();
/** The beginning of every header block. */
export const VERSION = "NATS/1.0";

/** The two headers of ADR-32 that mark an answer as an error. */
export const ERROR_CODE = "Nats-Service-Error-Code";
export const ERROR_TEXT = "Nats-Service-Error";

/** How many lines of a received block to read; a block of 1 MB may have 340 000, which take a quarter of a second. */
const MOST_LINES = 4_096;
/** The fewest bytes of a header's line. */
const SHORTEST_LINE = 3;

/** Headers by their names; a list of values stands for a repeated header. */
export type HeaderRecord = Readonly<Record<string, string | readonly string[]>>;

/**
 * Headers to send: an object or pairs; a list of values sends the header several times. The broker trims blanks around
 * a value. It forwards received headers, or pairs of them, without the headers of one hop: `content-type`,
 * `correlation_id`, `Nats-*` and `Signalbox-*`. A program can never send `Signalbox-*`.
 */
export type HeaderFields = HeaderRecord | Iterable<readonly [name: string, value: string]>;

/** The rule for options that are headers. */
export const headerFields: Rule = (value) => {
  const isGiven = typeof value === "object" && value !== null && !isThenable(value) &&
    (Symbol.iterator in value || holdsOptions(value));
  return isGiven ? undefined : "an object of text, or pairs [name, value]";
};

/** Headers that describe only the received message, and must not be copied to the next one. */
const ONE_HOP = /^(?:content-type$|correlation_id$|nats-|signalbox-)/i;
/** Pairs of one hop that a program has read from received headers. */
const oneHopPairs = new WeakSet<object>();

/**
 * The headers of a message. Lookups ignore the case of names, as peers differ in their spelling. Of a received message
 * only the first 4 096 headers are read.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * broker.subscriber("shard", ({ headers }) => headers.get("x-shard"));
 * await using _test = await TestBroker.start(broker);
 *
 * const { body } = await broker.request("shard", null, { headers: { "X-Shard": "7" } });
 * assertEquals(body, "7");
 * ```
 */
export class MessageHeaders implements Iterable<readonly [name: string, value: string]> {
  readonly #fields: readonly (readonly [string, string])[];
  /** The status of a message from the server itself, such as 503; 0 for all other messages. */
  readonly status: number;
  readonly #isReceived: boolean;

  private constructor(
    fields: readonly (readonly [string, string])[],
    status: number,
    isReceived: boolean,
  ) {
    this.#fields = fields;
    this.status = status;
    this.#isReceived = isReceived;
  }

  /** Makes headers from an object or from pairs. */
  static from(fields: HeaderFields): MessageHeaders {
    return new MessageHeaders(pairsOf(fields), 0, false);
  }

  /** Parses a header block from the wire; skips lines without a colon and everything after the first 4 096 lines. */
  static parse(block: Uint8Array): MessageHeaders {
    // a mere line feed also ends a line, as for Go's readers; trim() removes the "\r" before it
    const text = decoder.decode(block);
    // split() without a limit is faster, and nearly all blocks are short
    const isShort = block.length < MOST_LINES * SHORTEST_LINE;
    const lines = isShort ? text.split("\n") : text.split("\n", MOST_LINES + 1);
    const fields: [string, string][] = [];
    for (let at = 1; at < lines.length; at++) {
      const line = lines[at]!;
      const colon = line.indexOf(":");
      if (colon > 0) fields.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
    }
    return new MessageHeaders(fields, statusIn(lines[0]!), true);
  }

  /** The first value; `undefined` without such a header. */
  get(name: string): string | undefined {
    const fields = this.#fields;
    for (let at = 0; at < fields.length; at++) {
      const field = fields[at]!;
      if (isSameName(field[0], name)) return field[1];
    }
    return undefined;
  }

  /** All values, in the order of the message. */
  values(name: string): readonly string[] {
    const found: string[] = [];
    for (const field of this.#fields) if (isSameName(field[0], name)) found.push(field[1]);
    return found;
  }

  /** Whether the message has the header, with any value. */
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** The pairs, in their original spelling and order. */
  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    if (this.#isReceived) {
      for (const pair of this.#fields) if (ONE_HOP.test(pair[0])) oneHopPairs.add(pair);
    }
    return this.#fields[Symbol.iterator]();
  }

  /** The text for logs: it shows the pairs, which are private. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    return `MessageHeaders ${inspect(this.#fields, how)}`;
  }
}

/** The number behind the version; 0 without one, as nearly every message comes. */
function statusIn(line: string): number {
  if (line.length === VERSION.length + 1 && line.endsWith("\r")) return 0;
  return Number.parseInt(line.slice(VERSION.length), 10) || 0;
}

/** Compares lengths first, as nearly every comparison is of different names. */
function isSameName(one: string, other: string): boolean {
  return one === other ||
    (one.length === other.length && one.toLowerCase() === other.toLowerCase());
}

/**
 * The fields one by one, without received headers of one hop.
 *
 * @throws {TypeError} for an entry that is not a pair
 */
export function pairsOf(fields: HeaderFields): readonly (readonly [string, string])[] {
  if (!(Symbol.iterator in fields)) {
    return Object.entries(fields).flatMap(([name, value]) =>
      Array.isArray(value) ? value.map((one) => [name, one] as const) : [[name, value] as const]
    );
  }
  const pairs = [...fields];
  const wrong = pairs.find((pair: unknown) =>
    !Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== "string"
  );
  if (wrong === undefined) return pairs.filter((pair) => !oneHopPairs.has(pair));
  throw new TypeError(`Cannot send headers as each must be [name, value]: ${describe(wrong)}`);
}

/**
 * The pairs that headers stand for, each checked.
 *
 * @throws {TypeError} naming the first name or value that cannot be sent
 */
export function validPairs(fields: HeaderFields): readonly (readonly [string, string])[] {
  const pairs = pairsOf(fields);
  for (const [name, value] of pairs) checkField(name, value);
  return pairs;
}

/** The fields that a program may send: only the broker sends `Signalbox-*`. */
export function sendableFields(fields: HeaderFields): readonly (readonly [string, string])[] {
  return pairsOf(fields).filter(([name]) => !/^signalbox-/i.test(name));
}

/** The fields as an object that a program can spread and extend. */
export function recordOf(fields: HeaderFields): HeaderRecord {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairsOf(fields)) {
    const same = values.get(name);
    if (same) same.push(value);
    else values.set(name, [value]);
  }
  // this makes a header of any name, even `__proto__`, an own property
  return Object.fromEntries(
    [...values].map(([name, all]) => [name, all.length === 1 ? all[0]! : all]),
  );
}

const encoder = new TextEncoder();
const END = "\r\n\r\n";
const beginnings = new Map<string | undefined, Uint8Array>();

/** The headers that we add to a message. */
export interface OwnHeaders {
  readonly contentType: string | undefined;
  readonly correlationId: string;
  /** Milliseconds that the caller waits, for a request. */
  readonly timeLeft: number | undefined;
}

/**
 * Writes a header block: our headers and the user's, which replace ours of the same name, in any case.
 *
 * @throws {TypeError} for a name, a value or a correlation id that would break the block apart
 */
export function encodeHeaders(own: OwnHeaders, fields: HeaderFields | undefined): Uint8Array {
  return fields ? merged(own, fields) : ours(own) ?? merged(own, []);
}

/**
 * Writes a block of only our headers, as nearly every message has. Only the id differs: writing it byte by byte after a
 * constant part takes a third of the time of `TextEncoder`.
 */
function ours({ contentType, correlationId: id, timeLeft }: OwnHeaders): Uint8Array | undefined {
  let beginning = beginnings.get(contentType);
  if (!beginning) beginnings.set(contentType, beginning = beginningWith(contentType));
  const end = timeLeft === undefined ? END : `\r\n${TIME_LEFT}: ${timeLeft}${END}`;
  const start = beginning.length;
  const block = allocate(start + id.length + end.length);
  block.set(beginning);
  for (let at = 0; at < id.length; at++) {
    const code = id.charCodeAt(at);
    if (code < 32 || code > 126) return undefined;
    block[start + at] = code;
  }
  for (let at = 0; at < end.length; at++) block[start + id.length + at] = end.charCodeAt(at);
  return block;
}

function beginningWith(contentType: string | undefined): Uint8Array {
  const type = contentType === undefined ? "" : `content-type: ${contentType}\r\n`;
  return encoder.encode(`${VERSION}\r\n${type}correlation_id: `);
}

function merged(own: OwnHeaders, fields: HeaderFields): Uint8Array {
  const given = validPairs(fields).filter((field) => !isUntrue(own, field));
  const names = new Set(given.map(([name]) => name.toLowerCase()));
  const { contentType, correlationId, timeLeft } = own;
  if (!names.has("correlation_id")) checkField("correlation_id", correlationId);
  const ours = [
    ["content-type", contentType],
    ["correlation_id", correlationId],
    [TIME_LEFT, timeLeft],
  ] as const;
  const kept = ours.filter(([name, value]) =>
    value !== undefined && !names.has(name.toLowerCase())
  );
  // keep our spelling of the names, for peers that look headers up in one case only
  const spelt = new Map(ours.map(([name]) => [name.toLowerCase(), name]));
  const lines = [...kept, ...given].map(([name, value]) =>
    `${spelt.get(name.toLowerCase()) ?? name}: ${value}`
  );
  return encoder.encode(`${[VERSION, ...lines].join("\r\n")}${END}`);
}

/** Writes a header block of these headers alone; `undefined` without any. */
export function encodeFields(fields: HeaderFields | undefined): Uint8Array | undefined {
  const pairs = fields ? validPairs(fields) : [];
  if (pairs.length === 0) return undefined;
  const lines = pairs.map(([name, value]) => `${name}: ${value}`);
  return encoder.encode(`${[VERSION, ...lines].join("\r\n")}${END}`);
}

/** Whether a user's content type would make another body arrive as text or bytes, as one copied from another message may. */
function isUntrue({ contentType }: OwnHeaders, [name, value]: readonly [string, string]): boolean {
  return contentType !== undefined && name.toLowerCase() === "content-type" &&
    isPlainType(value) && !isPlainType(contentType);
}

/** Whether a content type is one of text or of bytes, which no other body can have. */
export function isPlainType(contentType: string): boolean {
  return /^\s*(?:text\/plain|application\/octet-stream)\b/i.test(contentType);
}

/** Whether this is a valid header value to send (ADR-4); a received value may be invalid. */
export function isHeaderValue(value: unknown): value is string {
  return typeof value === "string" && !/[\r\n\0]/.test(value) && value.isWellFormed();
}

/** ADR-4: a name is printable ASCII without a colon. */
function checkField(name: string, value: unknown): void {
  if (!/^[!-9;-~]+$/.test(name)) {
    throw new TypeError(
      `Cannot send a header as its name must be printable ASCII without ":": ${describe(name)}`,
    );
  }
  if (isHeaderValue(value)) return;
  throw new TypeError(
    `Cannot send the header "${name}" as its value must be one line of text: ${describe(value)}`,
  );
}
