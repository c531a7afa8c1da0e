const decoder = new TextDecoder();
/** How every header block begins. */
export const VERSION = "NATS/1.0";

/** What headers are given as: an object or pairs; a list of values sends the header several times. */
export type HeaderFields =
  | Readonly<Record<string, string | readonly string[]>>
  | Iterable<readonly [name: string, value: string]>;

/**
 * The headers of a message. Names are found in any case, as peers differ in how they write them.
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

  private constructor(fields: readonly (readonly [string, string])[], status: number) {
    this.#fields = fields;
    this.status = status;
  }

  /** Makes headers from an object or from pairs. */
  static from(fields: HeaderFields): MessageHeaders {
    return new MessageHeaders(pairsOf(fields), 0);
  }

  /** Reads a header block as it stands on the wire; a line without a colon is passed over. */
  static parse(block: Uint8Array): MessageHeaders {
    // a line feed alone ends a line too, as it does for Go's readers; trim() takes the "\r" before it
    const [first = "", ...lines] = decoder.decode(block).split("\n");
    const fields: [string, string][] = [];
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (colon > 0) fields.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
    }
    return new MessageHeaders(fields, Number.parseInt(first.slice(VERSION.length), 10) || 0);
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

/** The fields one by one. */
export function pairsOf(fields: HeaderFields): readonly (readonly [string, string])[] {
  if (Symbol.iterator in fields) return [...fields];
  return Object.entries(fields).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((one) => [name, one] as const) : [[name, value] as const]
  );
}
