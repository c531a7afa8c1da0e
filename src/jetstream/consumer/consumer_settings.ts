import { asMilliseconds, type Duration } from "../../duration.ts";
import {
  bytes,
  callable,
  checkOptions,
  count,
  describe,
  duration,
  flag,
  limit,
  oneOf,
  record,
  type Rule,
  text,
} from "../../options.ts";
import { covers, Pattern } from "../../door/mod.ts";
import { checkName } from "../api/names.ts";
import { deadStreamOf } from "../dead/dead_letter.ts";
import { from } from "../read/from.ts";
import { refuseOwn } from "../stream/own_subjects.ts";
import type { Unique } from "../stream/stream_options.ts";
import { atLeast } from "./at_least.ts";
import type { ConsumerOptions, KeyedMessage } from "./consumer_options.ts";
import { type GroupSettings, groupSettings } from "./group.ts";
import type { RetrySettings } from "./outcomes.ts";

/** The least of the durations that the server measures; below it says nothing useful. */
const LEAST_WAIT = 100;

/** What is declared of a stream, as far as its consumers need it. */
export interface ConsumedStream {
  readonly name: string;
  /** Its patterns. */
  readonly subjects: readonly string[];
  /** How jobs of one subject exclude each other. */
  readonly unique?: Unique | undefined;
}

/** The options of a consumer with their defaults, checked. */
export interface ConsumerSettings {
  readonly stream: string;
  readonly name: string;
  /** Where its messages come from, each within the stream. */
  readonly patterns: readonly Pattern[];
  readonly options: ConsumerOptions;
  readonly timeout: number;
  readonly retry: RetrySettings;
  readonly deadLetter: string | undefined;
  readonly deadStacks: boolean;
  readonly key: ((message: KeyedMessage) => string) | undefined;
  readonly unique: Unique | undefined;
  readonly batch: { readonly max: number; readonly within: number } | undefined;
  readonly confirm: boolean;
  readonly isBefore: boolean;
  readonly ackWait: number;
  readonly heartbeat: number;
  readonly group: GroupSettings | undefined;
  /** How many partitions there are, each in order over all processes. */
  readonly partitions: number | undefined;
  /** The partition of these settings, if they are the settings of a single one. */
  readonly partition?: { readonly queue: string; readonly number: number } | undefined;
}

/** Every subject that there is. */
export const ANY = ">";
const BACKOFF: readonly Duration[] = ["1s", "10s", "1m", "5m"];

const date: Rule = (value) =>
  (typeof value === "string" || value instanceof Date) && !Number.isNaN(new Date(value).getTime())
    ? undefined
    : 'a Date, or text such as "2026-01-31T12:00Z"';

const backoff: Rule = (value) => {
  const all = Array.isArray(value) ? value : [value];
  return all.length > 0 && all.every((one) => duration(one) === undefined)
    ? undefined
    : `a duration or several, each ${duration(NaN)}`;
};

const part: Rule = (value) =>
  typeof value === "number" && value >= 0 && value <= 1 ? undefined : "a number from 0 to 1";

const percent: Rule = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 100
    ? undefined
    : "a whole number from 0 to 100";

const key: Rule = (value) => {
  const isName = (one: unknown) => text(one) === undefined;
  const isFit = isName(value) || callable(value) === undefined ||
    (Array.isArray(value) && value.length > 0 && value.every(isName));
  return isFit ? undefined : "a parameter of the subject, several, or a function";
};

const subjects: Rule = (value) =>
  typeof value === "string" || (Array.isArray(value) && value.length > 0)
    ? undefined
    : "a pattern or several";

const deadLetter: Rule = (value) =>
  value === false || text(value) === undefined ? undefined : "the name of a stream, or false";

const RULES: Readonly<Record<keyof ConsumerOptions, Rule>> = {
  subject: subjects,
  from,
  timeout: duration,
  retry: record,
  deadLetter,
  deadStacks: flag,
  key,
  partitions: count,
  batch: record,
  // checked by groupSettings()
  group: () => undefined,
  confirm: flag,
  ack: oneOf("after", "before"),
  ackWait: atLeast(LEAST_WAIT),
  heartbeat: atLeast(LEAST_WAIT),
  maxAckPending: count,
  maxWaiting: count,
  maxBatch: count,
  maxExpires: atLeast(1_000),
  maxBytes: bytes,
  description: text,
  metadata: record,
  headersOnly: flag,
  replayPolicy: oneOf("instant", "original"),
  sampleFreq: percent,
  inactiveThreshold: duration,
  numReplicas: count,
  storage: oneOf("file", "memory"),
  pauseUntil: date,
};

/**
 * Checks the options of a consumer, and fills in the defaults.
 *
 * @throws {TypeError} naming the first that is unknown or wrong
 * @throws {InvalidSubjectError} for a pattern that is none
 */
export function consumerSettings(
  stream: ConsumedStream,
  name: string,
  options: ConsumerOptions,
): ConsumerSettings {
  checkName("make a consumer", name);
  const action = `make the consumer "${name}"`;
  checkOptions(action, options, RULES);
  checkOptions(action, options.retry, {
    attempts: count,
    backoff,
    jitter: part,
    scheduleFrom: limit(duration),
  });
  checkOptions(action, options.batch, { max: count, within: duration });
  const patterns = patternsOf(action, stream, options.subject);
  checkTogether(action, options);
  const { batch, retry = {}, deadLetter } = options;
  if (typeof deadLetter === "string") checkName(action, deadLetter);
  return {
    stream: stream.name,
    name,
    patterns,
    options,
    timeout: asMilliseconds(options.timeout ?? "5m"),
    retry: {
      attempts: retry.attempts ?? 5,
      backoff: [retry.backoff ?? BACKOFF].flat().map((one) => asMilliseconds(one)),
      jitter: retry.jitter ?? 0.2,
      scheduleFrom: retry.scheduleFrom === Infinity
        ? Infinity
        : asMilliseconds(retry.scheduleFrom ?? "30s"),
    },
    deadLetter: deadLetter === false || options.ack === "before"
      ? undefined
      : deadLetter ?? deadStreamOf(stream.name),
    deadStacks: options.deadStacks ?? false,
    key: keyOf(action, options.key, patterns) ??
      (stream.unique === "replace" && !batch ? ({ subject }) => subject : undefined),
    unique: stream.unique,
    batch: batch && { max: batch.max, within: asMilliseconds(batch.within ?? "1s") },
    confirm: options.confirm ?? false,
    isBefore: options.ack === "before",
    ackWait: asMilliseconds(options.ackWait ?? "30s"),
    heartbeat: asMilliseconds(options.heartbeat ?? "5s"),
    group: groupSettings(action, options.group),
    partitions: options.partitions,
  };
}

function patternsOf(
  action: string,
  { name, subjects }: ConsumedStream,
  given: ConsumerOptions["subject"],
): Pattern[] {
  // a stream whose subjects were not declared may have any
  const all = subjects.length > 0 ? subjects : [ANY];
  if (given === undefined) return all.map((text) => new Pattern(text, action));
  const wide = all.map((text) => new Pattern(text).subject);
  const patterns = [given].flat().map((text) => {
    refuseOwn(action, text);
    return new Pattern(text, action);
  });
  for (const { subject, text } of patterns) {
    if (wide.some((each) => covers(each, subject))) continue;
    const rule = `its subject must be within those of the stream "${name}", ${wide.join(", ")}`;
    throw new TypeError(`Cannot ${action} as ${rule}: ${describe(text)}`);
  }
  return patterns;
}

function checkTogether(action: string, { ack, batch, ...options }: ConsumerOptions): void {
  const given = (names: readonly (keyof typeof options)[]) =>
    names.find((option) => options[option] !== undefined && options[option] !== false);
  const after = ack === "before" && given(["retry", "deadLetter", "confirm", "deadStacks"]);
  if (after) {
    throw new TypeError(`Cannot ${action} as "${after}" must go with ack: "after": it is "before"`);
  }
  if (batch && options.key !== undefined) {
    throw new TypeError(`Cannot ${action} as "key" must go without "batch": both are given`);
  }
  if (batch && batch.max === undefined) {
    throw new TypeError(`Cannot ${action} as "batch" must have its "max": it has none`);
  }
}

/** What a message's key is; several parameters make one key. */
function keyOf(
  action: string,
  given: ConsumerOptions["key"],
  patterns: readonly Pattern[],
): ConsumerSettings["key"] {
  if (given === undefined || typeof given === "function") return given;
  const names = [given].flat();
  for (const { text, names: known } of patterns) {
    const missing = names.find((name) => !known.includes(name));
    if (missing === undefined) continue;
    throw new TypeError(
      `Cannot ${action} as "key" must be in each pattern: "${missing}" in ${text}`,
    );
  }
  // a dot is in no parameter
  return ({ params }) => names.map((name) => params[name]).join(".");
}
