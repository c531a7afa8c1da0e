import { checkOptions, flag, holdsOptions, signal, text } from "../../options.ts";
import {
  type AnyParams,
  encodeFields,
  type Message,
  type Params,
  ReceivedMessage,
  type Schema,
  standardSchema,
} from "../../door/mod.ts";
import { JetStreamError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { checkName } from "../api/names.ts";
import type { Consumer } from "../consumer/consumer.ts";
import {
  deadFilter,
  type DeadIssue,
  type DeadLetter,
  type DeadReason,
  deadStreamOf,
  keptHeaders,
  readDeadLetter,
  replayFilter,
} from "../dead/dead_letter.ts";
import type { Stream } from "../stream/stream.ts";
import { DeadLetterFate, type ReplayOptions } from "./dead_letter_fate.ts";
import { type From, from } from "../read/from.ts";
import { OrderedRead } from "../read/ordered_read.ts";
import { namedStream, Patterns, readNeeds } from "../read/read_stream.ts";
import type { StoredMessage } from "../read/stored_message.ts";
import { OpenStreamReader, type StreamReader } from "../read/stream_reader.ts";

/** Which dead letters to read, and how. */
export interface DeadLetterOptions<Body = unknown> {
  /**
   * The consumer that gave the messages up, or its name.
   *
   * @default {every consumer of the stream}
   */
  readonly consumer?: string | Pick<Consumer, "name" | "deadLetter">;
  /**
   * The stream of the dead letters.
   *
   * @default {that of `consumer`, or the stream's name with `_DEAD`}
   */
  readonly deadLetter?: string;
  /**
   * Where in the stream of dead letters to start.
   *
   * @default {"first"}
   */
  readonly from?: From;
  /**
   * Whether to wait for further dead letters. Then a message that is replayed and fails again is read again.
   *
   * @default {false: it ends with the last one that is there when it begins}
   */
  readonly follow?: boolean;
  /** Validates and types the bodies. For a body that does not fit, `next()` throws; the next call continues. */
  readonly schema?: Schema<Body, unknown>;
  /** Ends the read. */
  readonly signal?: AbortSignal;
}

/**
 * A message that a consumer gave up: body, headers, subject and parameters are those of the original message. The other
 * fields say why it was given up; the methods replay or discard it.
 *
 * @example Replay what failed while a bank was closed
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { consumer, jetstream, stream } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
 * const billing = consumer(orders, "billing", { retry: { attempts: 1 } });
 * const broker = new NatsBroker();
 * const bank = { isOpen: false, charged: [] as string[] };
 * broker.subscriber(billing, ({ params }) => {
 *   if (!bank.isOpen) throw new Error("The bank is closed");
 *   bank.charged.push(params.id);
 * });
 * const js = jetstream(broker);
 * await using test = await TestBroker.start(broker, { time: "moved" });
 * await js.publish("orders.7", { total: 12 });
 * await test.advance("1m");
 *
 * bank.isOpen = true;
 * for await (const dead of js.deadLetters(orders, { consumer: billing })) {
 *   if (dead.reason === "failed") await dead.replay();
 * }
 * await test.advance("1m");
 * assertEquals(bank.charged, ["7"]);
 * ```
 */
export interface DeadMessage<Body = unknown, Values = AnyParams> extends Message<Body, Values> {
  /** The stream of the original message. */
  readonly stream: string;
  /** Its sequence in that stream. */
  readonly seq: number;
  /** When it was stored in that stream. */
  readonly time: Date;
  /** The consumer that gave up the message. */
  readonly consumer: string;
  /** How often it was delivered. */
  readonly attempts: number;
  /**
   * Why it was given up: `failed`, every attempt failed; `rejected`, the handler threw a `Reject`; `unfit`, its body
   * does not decode, or does not fit the schema; `lost`, the attempts were used up without any outcome: it may crash
   * the process.
   */
  readonly reason: DeadReason;
  /** The text of the error. */
  readonly error: string;
  /** The issues that the schema reported. */
  readonly issues: readonly DeadIssue[];
  /** The stack of the error, if the consumer keeps stacks. */
  readonly stack: string | undefined;
  /** When the consumer gave it up. */
  readonly diedAt: Date;
  /**
   * Replays it, once, even if called several times and in several processes: to the consumer that gave it up, and no
   * other, as a first delivery; or, with `{ to: "stream" }`, to all consumers, as a new message of the stream. It is
   * then no dead letter any more. Resolves with whether this call replayed it.
   *
   * @throws {JetStreamError} if the stream rejects it
   */
  replay(options?: ReplayOptions): Promise<boolean>;
  /** Deletes it permanently. Resolves with whether this call deleted it. */
  discard(): Promise<boolean>;
}

/** A reader of the dead letters of a stream with these subjects. */
export type DeadLetters<Body = unknown, Subject extends string = string> = StreamReader<
  DeadMessage<Body, string extends Subject ? AnyParams : Params<Subject>>
>;

const RULES = {
  consumer: (value: unknown) =>
    text(value) === undefined || holdsOptions(value) ? undefined : "a consumer, or its name",
  deadLetter: text,
  from,
  follow: flag,
  schema: standardSchema,
  signal,
};

/** Starts reading the dead letters of a stream; `permit` records the required permissions. */
export function readDeadLetters<Body, Subject extends string>(
  jetstream: JetStreamApi,
  given: Stream<Subject> | string,
  options: DeadLetterOptions<Body>,
  permit: (...subjects: readonly string[]) => void,
): DeadLetters<Body, Subject> {
  const { api, name, patterns: all } = namedStream(jetstream, given);
  const action = `read the dead letters of "${name}"`;
  checkOptions(action, options, RULES);
  const { from, follow, schema, signal } = options;
  const { consumer, deadLetter } = placeOf(action, name, options);
  const filter = deadFilter(deadLetter, name, consumer);
  const read = new OrderedRead(api, {
    stream: deadLetter,
    filters: [filter],
    ...from !== undefined && { from },
    ...!follow && { until: "now" as const },
  });
  permit(...readNeeds(api, deadLetter, [filter]), ...fateNeeds(api, deadLetter, name));
  const patterns = new Patterns(all);
  return new OpenStreamReader(api.access, {
    read,
    make: (stored) => deadMessage(stored, { api, deadStream: deadLetter, patterns, permit }),
    schema,
    signal,
    what: `stream "${deadLetter}"`,
  });
}

/** The consumer, stream and filter of the dead letters. */
function placeOf(action: string, stream: string, { consumer, deadLetter }: DeadLetterOptions) {
  const isName = consumer === undefined || typeof consumer === "string";
  const name = isName ? consumer : consumer.name;
  if (name !== undefined) checkName(action, name);
  const own = isName ? undefined : consumer.deadLetter;
  return { consumer: name, deadLetter: deadLetter ?? own ?? deadStreamOf(stream) };
}

/** The subjects to which replaying and discarding publish. */
function fateNeeds(api: JetStreamApi, deadStream: string, stream: string): string[] {
  return [
    ...["GET", "DELETE"].map((verb) => `${api.prefix}.STREAM.MSG.${verb}.${deadStream}`),
    replayFilter(deadStream, stream, "*"),
  ];
}

/** What turns stored messages into dead letters. */
interface Making {
  readonly api: JetStreamApi;
  readonly deadStream: string;
  readonly patterns: Patterns;
  readonly permit: (...subjects: readonly string[]) => void;
}

function deadMessage(stored: StoredMessage, making: Making): ReceivedMessage | undefined {
  const { api, deadStream, patterns, permit } = making;
  const { headers, data, seq } = stored;
  const letter = readDeadLetter(headers);
  if (!letter) {
    const rule = "its headers must say what became of it: they do not";
    const action = `read message ${seq} of "${deadStream}" as a dead letter`;
    return void api.access.report(new JetStreamError(action, rule), stored.subject);
  }
  const { subject } = letter;
  const headerBlock = encodeFields(keptHeaders(headers));
  const pattern = patterns.of(subject);
  const message = new ReceivedMessage({ subject, data, headerBlock, replyTo: "" }, {
    ...pattern && { params: pattern.read(subject), pattern: pattern.text },
    codecs: api.access,
  });
  const fate = new DeadLetterFate(api, deadStream, stored, letter);
  return Object.assign(message, {
    ...storyOf(letter),
    diedAt: stored.time,
    replay: (options?: ReplayOptions) => {
      if (options?.to === "stream") permit(subject);
      return fate.replay(options);
    },
    discard: () => fate.discard(),
  });
}

/** The fields that a dead letter adds to its message. */
function storyOf({ subject: _, issues = [], time, ...story }: DeadLetter): object {
  return { ...story, issues, time: new Date(time) };
}
