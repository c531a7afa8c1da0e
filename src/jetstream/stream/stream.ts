import { asMilliseconds } from "../../duration.ts";
import { checkOptions, oneOf, text } from "../../options.ts";
import type { StreamConfig } from "../api/api_types.ts";
import { checkName } from "../api/names.ts";
import { overlap, Pattern } from "../../door/mod.ts";
import { MOVED, UNIQUE_MARK } from "./own_subjects.ts";
import { DECLARE, type Declare, type DeclaredStream } from "./declare_stream.ts";
import { configOf, noStream, STREAM_RULES } from "./stream_fields.ts";
import type {
  StreamOptions,
  StreamSettings,
  TakesOthers,
  Unique,
  WorkQueueOptions,
} from "./stream_options.ts";

/** A stream as a program declares it: a plain value without a broker. {@linkcode stream} and {@linkcode workQueue} make it. */
export interface Stream<Subject extends string = string> {
  /** Its name. */
  readonly name: string;
  /** The patterns of what it takes in; empty if they were not declared. */
  readonly subjects: readonly Subject[];
  /** What to do at start. */
  readonly declare: Declare;
  /** The domain of JetStream that has it; `undefined` for that of the server. */
  readonly domain: string | undefined;
  /** For how long it knows the ids of messages, in milliseconds; `undefined` if it was not declared. */
  readonly duplicateWindow: number | undefined;
  /** Whether each message is for one consumer alone, and gone once that has acknowledged it. */
  readonly isWorkQueue: boolean;
  /** How jobs of one subject exclude each other; `undefined` if they do not. */
  readonly unique: Unique | undefined;
}

const configs = new WeakMap<object, DeclaredStream>();
const { retention: RETENTION, ...SHARED } = STREAM_RULES;
const RULES = { ...SHARED, declare: oneOf(...DECLARE), domain: text };

/** The options with which a stream keeps one message of each subject: the first one, or the last one. */
const ONE_OF_EACH: Readonly<Record<Unique, Readonly<Record<string, unknown>>>> = {
  "while-queued": { discard: "new", discardNewPerSubject: true, maxMsgsPerSubject: 1 },
  "until-done": { discard: "new", discardNewPerSubject: true, maxMsgsPerSubject: 1 },
  replace: { discardNewPerSubject: false, maxMsgsPerSubject: 1 },
};
/** The words of {@linkcode Unique}. */
const UNIQUE = Object.keys(ONE_OF_EACH) as Unique[];

/**
 * Declares a stream: what is named here is checked, made or changed at start, as `declare` says, and nothing else. With
 * `subjectTransform`, `sources` or `mirror` its messages may have other subjects than those that it takes in, so that a
 * consumer may name any.
 *
 * @throws {TypeError} for a wrong name or option
 * @throws {InvalidSubjectError} for a wrong pattern
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { jetstream, stream } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 *
 * const orders = stream("ORDERS", {
 *   subjects: ["orders.{id}.{event}"],
 *   maxAge: "7d",
 *   declare: "create",
 * });
 * const broker = new NatsBroker();
 * const js = jetstream(broker, { streams: [orders] });
 * await using _test = await TestBroker.start(broker);
 * await js.publish("orders.7.placed", { total: 12 });
 * ```
 */
export function stream(name: string, options: StreamOptions & TakesOthers): Stream;
/**
 * Declares a stream that holds messages of the subjects that it takes in, and no others.
 *
 * @throws {TypeError} for a wrong name or option
 * @throws {InvalidSubjectError} for a wrong pattern
 */
export function stream<const Subject extends string = string>(
  name: string,
  options?: StreamOptions<Subject>,
): Stream<Subject>;
export function stream(name: string, options: StreamOptions = {}): Stream {
  const action = actionOf(name);
  checkOptions(action, options, { ...RULES, retention: RETENTION! });
  return made(name, options);
}

/**
 * Declares a work queue: a stream in which each message is one job, done by one consumer, and gone once it is done.
 *
 * @throws {TypeError} for a wrong name or option
 * @throws {InvalidSubjectError} for a wrong pattern
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { ConflictError, jetstream, workQueue } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const jobs = workQueue("JOBS", {
 *   subjects: ["jobs.{kind}.{id}"],
 *   unique: "until-done",
 *   declare: "create",
 * });
 * const broker = new NatsBroker();
 * const js = jetstream(broker, { streams: [jobs] });
 * await using _test = await TestBroker.start(broker);
 * await js.publish("jobs.mail.7", "remind");
 * const error = await assertRejects(() => js.publish("jobs.mail.7", "again"), ConflictError);
 * assertEquals([error.subject, error.isTaken], ["jobs.mail.7", true]);
 * ```
 */
export function workQueue(name: string, options: WorkQueueOptions & TakesOthers): Stream;
/**
 * Declares a work queue that holds messages of the subjects that it takes in, and no others.
 *
 * @throws {TypeError} for a wrong name or option
 * @throws {InvalidSubjectError} for a wrong pattern
 */
export function workQueue<const Subject extends string = string>(
  name: string,
  options?: WorkQueueOptions<Subject>,
): Stream<Subject>;
export function workQueue(name: string, options: WorkQueueOptions = {}): Stream {
  const action = actionOf(name);
  checkOptions(action, options, { ...RULES, unique: oneOf(...UNIQUE) });
  const { unique, ...rest } = options;
  const own = unique ? ONE_OF_EACH[unique] : {};
  const given = Object.keys(own).find((option) => rest[option as keyof typeof rest] !== undefined);
  if (given !== undefined) {
    throw new TypeError(`Cannot ${action} as "${given}" must go without "unique": both are given`);
  }
  if (unique === undefined) return made(name, { ...rest, retention: "workqueue" });
  checkUnique(action, unique, rest);
  // so that programs with different values of `unique` get a `DifferenceError`
  const metadata = { ...rest.metadata, [UNIQUE_MARK]: unique };
  return made(name, { ...rest, ...own, metadata, retention: "workqueue" }, unique);
}

/**
 * The configuration that a stream was declared with, in the words of the API.
 *
 * @throws {TypeError} for what is no stream
 */
export function declaredConfig(action: string, value: unknown): DeclaredStream {
  const config = typeof value === "object" && value !== null ? configs.get(value) : undefined;
  if (config) return config;
  throw noStream(action, value);
}

/** The patterns of the messages that a stream holds; empty where they may be of any subject. */
export function heldSubjects(stream: Stream): readonly string[] {
  const { subject_transform: transform, sources, mirror } = configs.get(stream) ?? {};
  return transform || sources || mirror ? [] : stream.subjects;
}

/** Checks the options that exclude `unique`. */
function checkUnique(action: string, unique: Unique, options: WorkQueueOptions): void {
  const { allowMsgSchedules, subjectTransform, sources, mirror, subjects = [] } = options;
  if (unique !== "replace" && allowMsgSchedules) {
    const rule = `"allowMsgSchedules" must go without "unique", or with unique: "replace"`;
    throw new TypeError(`Cannot ${action} as ${rule}: it is "${unique}"`);
  }
  if (unique !== MOVED) return;
  const copies = subjectTransform ?? sources ?? mirror;
  const wide = subjects.find((each) => overlap(new Pattern(each, action).subject, "_SIGNALBOX.>"));
  if (!copies && wide === undefined) return;
  const found = copies ? "it has messages of others" : `"${wide}"`;
  const rule = `unique: "${MOVED}" must have room for "_SIGNALBOX.>" beside its subjects`;
  throw new TypeError(`Cannot ${action} as ${rule}: ${found}`);
}

/** Whether consumers of a stream store own messages in it, as far as its declaration says. */
export function hasOwnMessages(stream: Stream): boolean {
  return stream.unique === MOVED || takesSchedules(stream);
}

/** Whether a stream is declared with `allowMsgSchedules`. */
export function takesSchedules(stream: Stream): boolean {
  return configs.get(stream)?.allow_msg_schedules === true;
}

function made<Subject extends string>(
  name: string,
  options: StreamSettings<Subject> & { readonly retention?: StreamConfig["retention"] },
  unique?: Unique,
): Stream<Subject> {
  const { subjects = [], declare = "verify", domain } = options;
  if (domain !== undefined) checkName(`declare the stream "${name}"`, domain);
  const config = configOf(name, options as Readonly<Record<string, unknown>>);
  const value: Stream<Subject> = Object.freeze({
    name,
    subjects: Object.freeze([...subjects]),
    declare,
    domain,
    duplicateWindow: asMilliseconds(options.duplicateWindow),
    isWorkQueue: config.retention === "workqueue",
    unique,
  });
  configs.set(value, Object.freeze(config));
  return value;
}

function actionOf(name: unknown): string {
  checkName("declare a stream", name);
  return `declare the stream "${name}"`;
}
