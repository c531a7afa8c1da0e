import {
  checkOptions,
  count,
  describe,
  flag,
  holdsOptions,
  oneOf,
  signal,
  text,
} from "../../options.ts";
import {
  type AnyParams,
  covers,
  type Message,
  type Params,
  Pattern,
  ReceivedMessage,
  type Schema,
  standardSchema,
} from "../../door/mod.ts";
import { JetStreamApi } from "../api/js_api.ts";
import { isOwnPattern, isOwnSubject } from "../stream/own_subjects.ts";
import { hasOwnMessages, heldSubjects, type Stream } from "../stream/stream.ts";
import { type From, from } from "./from.ts";
import { filtersOf, OrderedRead } from "./ordered_read.ts";
import type { StoredMessage } from "./stored_message.ts";
import { OpenStreamReader, type StreamReader } from "./stream_reader.ts";

/** What to read of a stream, and how. `Subject` is the pattern of the messages. */
export interface ReadOptions<Body = unknown, Subject extends string = string> {
  /**
   * Which messages: a subject, a wildcard or a pattern, or several.
   *
   * @default {all of the stream}
   */
  readonly subject?: Subject | readonly Subject[];
  /**
   * Where to begin; what is stored later follows.
   *
   * @default {"first"}
   */
  readonly from?: From;
  /**
   * Where to end: with the last message that is there when it begins.
   *
   * @default {never: it waits for messages that are stored later}
   */
  readonly until?: "now";
  /** Checks and types the bodies. A body that does not fit is thrown by `next()`, and the next call goes on. */
  readonly schema?: Schema<Body, unknown>;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
  /**
   * Whether messages come without their bodies.
   *
   * @default {false}
   */
  readonly headersOnly?: boolean;
  /**
   * How many bytes may wait to be read, besides one message of any size.
   *
   * @default {1_048_576}
   */
  readonly maxBytes?: number;
}

/** What a stream says of a message that was read. */
export interface ReadDelivery {
  /** The same for all who get the message: `stream:seq`. */
  readonly id: string;
  /** Its number in the stream. */
  readonly seq: number;
  /** When it was stored. */
  readonly time: Date;
  /** How many more there were when it was delivered; 0 if it was the last one. */
  readonly pending: number;
  /** The name of the stream. */
  readonly stream: string;
}

/** A message of a stream that was read. */
export type ReadMessage<Body = unknown, Subject extends string = string> =
  & Message<Body, string extends Subject ? AnyParams : Params<Subject>>
  & { readonly delivery: ReadDelivery };

const RULES = {
  subject: (value: unknown) =>
    text(value) === undefined || (Array.isArray(value) && value.length > 0)
      ? undefined
      : "a subject or several",
  from,
  until: oneOf("now"),
  schema: standardSchema,
  signal,
  headersOnly: flag,
  maxBytes: count,
};

/** A stream as it is given, one that was declared or its name, with the API of its domain. */
export function namedStream(jetstream: JetStreamApi, given: Stream | string): {
  readonly api: JetStreamApi;
  readonly name: string;
  readonly patterns: readonly Pattern[];
} {
  if (typeof given === "string") return { api: jetstream, name: given, patterns: [] };
  if (!holdsOptions(given) || text(given.name) !== undefined || !Array.isArray(given.subjects)) {
    const rule = "it must be one that was declared, or its name";
    throw new TypeError(`Cannot read a stream as ${rule}: ${describe(given)}`);
  }
  const { name, domain } = given;
  const api = domain === undefined ? jetstream : JetStreamApi.of(jetstream.access, domain);
  return { api, name, patterns: heldSubjects(given).map((each) => new Pattern(each)) };
}

/** Begins to read a stream; `permit` notes what the server must permit. */
export function readStream<Body, Subject extends string>(
  jetstream: JetStreamApi,
  given: Stream | string,
  options: ReadOptions<Body, Subject>,
  permit: (...subjects: readonly string[]) => void,
): StreamReader<ReadMessage<Body, Subject>> {
  const { api, name, patterns: all } = namedStream(jetstream, given);
  const action = `read the stream "${name}"`;
  checkOptions(action, options, RULES);
  const { subject, schema, signal, ...rest } = options;
  const wanted = subject === undefined
    ? []
    : [subject].flat().map((each) => new Pattern(each, action));
  const isOwnAsked = wanted.some(({ subject }) => isOwnPattern(subject));
  const filters = (wanted.length > 0 ? wanted : filteredBy(given)).map(({ subject }) => subject);
  const read = new OrderedRead(api, {
    ...rest,
    stream: name,
    ...filters.length > 0 && { filters },
  });
  permit(...readNeeds(api, name, filtersOf(filters, options.from)));
  const patterns = new Patterns(wanted.length > 0 ? wanted : all);
  return new OpenStreamReader(api.access, {
    read,
    make: (stored) =>
      isOwnAsked || !isOwnSubject(stored.subject)
        ? messageOf(api, name, stored, patterns)
        : undefined,
    schema,
    signal,
    what: `stream "${name}"`,
  });
}

/** Filters a stream that also has this package's own subjects by the program's subjects, as far as they are known. */
function filteredBy(given: Stream | string): readonly Pattern[] {
  if (typeof given === "string" || !hasOwnMessages(given)) return [];
  return heldSubjects(given).map((each) => new Pattern(each));
}

/** Where reading publishes to, for the permissions of a user. */
export function readNeeds(api: JetStreamApi, stream: string, filters: readonly string[]): string[] {
  const one = filters.length === 1 ? `.${filters[0]}` : "";
  return [
    `${api.prefix}.STREAM.INFO.${stream}`,
    `${api.prefix}.CONSUMER.CREATE.${stream}.*${one}`,
    `${api.prefix}.CONSUMER.MSG.NEXT.${stream}.*`,
    `${api.prefix}.CONSUMER.DELETE.${stream}.*`,
  ];
}

/** The patterns of messages. */
export class Patterns {
  readonly #patterns: readonly Pattern[];

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
  }

  /** The one that a subject matches. */
  of(subject: string): Pattern | undefined {
    const [first, ...others] = this.#patterns;
    // nearly all streams have one pattern
    if (others.length === 0) return first;
    return this.#patterns.find((pattern) => covers(pattern.subject, subject));
  }
}

function messageOf(
  api: JetStreamApi,
  stream: string,
  stored: StoredMessage,
  patterns: Patterns,
): ReceivedMessage {
  const { subject, data, headerBlock } = stored;
  const pattern = patterns.of(subject);
  const raw = { subject, data, headerBlock, replyTo: "" };
  const message: ReceivedMessage & { delivery?: ReadDelivery } = new ReceivedMessage(raw, {
    ...pattern && { params: pattern.read(subject), pattern: pattern.text },
    codecs: api.access,
  });
  message.delivery = new StoredPlace(stream, stored);
  return message;
}

/** The place of a message. Few programs look at all of it, so what takes time is made when they do. */
class StoredPlace implements ReadDelivery {
  readonly stream: string;
  readonly #stored: StoredMessage;

  constructor(stream: string, stored: StoredMessage) {
    this.stream = stream;
    this.#stored = stored;
  }

  get id(): string {
    return `${this.stream}:${this.seq}`;
  }

  get seq(): number {
    return this.#stored.seq;
  }

  get time(): Date {
    return this.#stored.time;
  }

  get pending(): number {
    return this.#stored.pending;
  }

  /** The text for logs: it shows the getters, which a log would otherwise omit. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    const { id, time, pending } = this;
    return `Delivery ${inspect({ id, time, pending }, how)}`;
  }
}
