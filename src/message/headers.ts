import { holdsOptions, type Rule, shown } from "../options.ts";
import { isThenable } from "../thenable.ts";

const decoder = new TextDecoder();
/** How every header block begins. */
export const VERSION = "NATS/1.0";

/** So many lines of a received block are read; a block of 1 MB may have 340 000, which take a quarter of a second. */
const MOST_LINES = 4_096;
/** A line that is a header takes so many bytes at least. */
const SHORTEST_LINE = 3;

/** Headers by their names; a list of values stands for a header that is there several times. */
export type HeaderRecord = Readonly<Record<string, string | readonly string[]>>;

/**
 * What headers are given as: an object or pairs; a list of values sends the header several times. Blanks around a value
 * are not sent. Received headers, or pairs of them, are sent on without those of one hop: `content-type`,
 * `correlation_id`, `Nats-*` and `Signalbox-*`; the last are never a program's to send.
 */
export type HeaderFields = HeaderRecord | Iterable<readonly [name: string, value: string]>;

/** The rule for options that are headers. */
export const headerFields: Rule = (value) => {
  const isGiven = typeof value === "object" && value !== null && !isThenable(value) &&
    (Symbol.iterator in value || holdsOptions(value));
  return isGiven ? undefined : "an object of text, or pairs [name, value]";
};

/** What a received message says of itself alone, and must not be said of the next one. */
const ONE_HOP = /^(?:content-type$|correlation_id$|nats-|signalbox-)/i;
/** Pairs of one hop that a program has taken out of received headers. */
const taken = new WeakSet<object>();

/**
 * The headers of a message. Names are found in any case, as peers differ in how they write them. Of a message that was
 * received, the first 4 096 are read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const headers = MessageHeaders.from({ "X-Shard": "7" });
 * assertEquals(headers.get("x-shard"), "7");
 * assertEquals([...headers], [["X-Shard", "7"]]);
 * ```
 */
export class MessageHeaders implements Iterable<readonly [name: string, value: string]> {
  readonly #fields: readonly (readonly [string, string])[];
  /** The status of a message from the server itself, such as 503; 0 for all others. */
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

  /**
   * Reads a header block as it stands on the wire; a line without a colon is passed over, and so is all behind the first
   * 4 096 lines.
   */
  static parse(block: Uint8Array): MessageHeaders {
    // a line feed alone ends a line too, as it does for Go's readers; trim() takes the "\r" before it
    const text = decoder.decode(block);
    // without a limit it is faster, and nearly all are short
    const isShort = block.length < MOST_LINES * SHORTEST_LINE;
    const [first = "", ...lines] = isShort ? text.split("\n") : text.split("\n", MOST_LINES + 1);
    const fields: [string, string][] = [];
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (colon > 0) fields.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
    }
    return new MessageHeaders(fields, Number.parseInt(first.slice(VERSION.length), 10) || 0, true);
  }

  /** The first value, `undefined` if the header is not there. */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    for (const [found, value] of this.#fields) {
      if (found === name || found.toLowerCase() === wanted) return value;
    }
    return undefined;
  }

  /** All values, in the order they came. */
  values(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    return this.#fields.filter(([found]) => found.toLowerCase() === wanted).map(([, value]) =>
      value
    );
  }

  /** Whether the header is there, with any value. */
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** The pairs, as they were written and in the order they came. */
  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    if (this.#isReceived) {
      for (const pair of this.#fields) if (ONE_HOP.test(pair[0])) taken.add(pair);
    }
    return this.#fields[Symbol.iterator]();
  }

  /** What a log shows: the pairs, which are private. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    return `MessageHeaders ${inspect(this.#fields, how)}`;
  }
}

/**
 * The fields one by one, but for those of one hop that were received.
 *
 * @throws {TypeError} for pairs that are none
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
  if (wrong === undefined) return pairs.filter((pair) => !taken.has(pair));
  throw new TypeError(`Cannot send headers as each must be [name, value]: ${shown(wrong)}`);
}

/** The fields that a program may send: those that begin with `Signalbox-` are the broker's to say. */
export function sendableFields(fields: HeaderFields): readonly (readonly [string, string])[] {
  return pairsOf(fields).filter(([name]) => !/^signalbox-/i.test(name));
}

/** The fields as an object, which can be spread and added to. */
export function recordOf(fields: HeaderFields): HeaderRecord {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairsOf(fields)) {
    const same = values.get(name);
    if (same) same.push(value);
    else values.set(name, [value]);
  }
  // a header of any name, `__proto__` too, is a field of its own this way
  return Object.fromEntries(
    [...values].map(([name, all]) => [name, all.length === 1 ? all[0]! : all]),
  );
}
