import {
  bytes,
  checkOptions,
  count,
  describe,
  flag,
  limit,
  oneOf,
  record,
  type Rule,
  type Rules,
  subjects,
  text,
} from "../../options.ts";
import { Pattern } from "../../door/mod.ts";
import type { StreamConfig } from "../api/api_types.ts";
import {
  type ConsumerLimitOptions,
  placementOf,
  republishOf,
  sourceOf,
  type SourceOptions,
  transformOf,
} from "./copy_options.ts";
import { refuseOwn } from "./own_subjects.ts";
import { nanosecondsOf, storedTime } from "./stored_time.ts";

/** An option for a field of the API, or why there is none. */
type Field =
  | {
    readonly option: string;
    readonly rule: Rule;
    /** Writes the value as the API has it. */
    // deno-lint-ignore no-explicit-any -- the rule has checked the value
    readonly write?: (value: any, action: string) => unknown;
  }
  | { readonly reason: string };

const unlimited = (value: number) => value === Infinity ? -1 : value;
const list: Rule = (value) => Array.isArray(value) ? undefined : "a list";
const texts: Rule = (value) =>
  record(value) ??
    (Object.values(value as object).every((one) => typeof one === "string")
      ? undefined
      : "an object of texts");

const most = (option: string): Field => ({ option, rule: limit(count), write: unlimited });
const whether = (option: string): Field => ({ option, rule: flag });

/** Each field of the API's configuration of a stream, and the option for it. */
export const STREAM_FIELDS = {
  name: { reason: "the first argument" },
  description: { option: "description", rule: text },
  subjects: {
    option: "subjects",
    rule: subjects,
    write: (patterns: readonly string[], action) =>
      patterns.map((one) => {
        refuseOwn(action, one);
        return new Pattern(one, action).subject;
      }),
  },
  retention: { option: "retention", rule: oneOf("limits", "interest") },
  max_consumers: most("maxConsumers"),
  max_msgs: most("maxMsgs"),
  max_bytes: { option: "maxBytes", rule: limit(bytes), write: unlimited },
  max_age: { option: "maxAge", rule: storedTime(100), write: nanosecondsOf },
  max_msgs_per_subject: most("maxMsgsPerSubject"),
  max_msg_size: most("maxMsgSize"),
  discard: { option: "discard", rule: oneOf("old", "new") },
  discard_new_per_subject: whether("discardNewPerSubject"),
  storage: { option: "storage", rule: oneOf("file", "memory") },
  num_replicas: { option: "numReplicas", rule: count },
  no_ack: { reason: "publishing here resolves once the stream says that it has stored" },
  duplicate_window: { option: "duplicateWindow", rule: storedTime(100), write: nanosecondsOf },
  placement: {
    option: "placement",
    rule: record,
    write: (value, action) => placementOf(action, value),
  },
  mirror: { option: "mirror", rule: record, write: (value, action) => sourceOf(action, value) },
  sources: {
    option: "sources",
    rule: list,
    write: (all: SourceOptions[], action) => all.map((one) => sourceOf(action, one)),
  },
  sealed: { reason: "it ends a stream for ever, which no start of a program should do" },
  deny_delete: whether("denyDelete"),
  deny_purge: whether("denyPurge"),
  allow_rollup_hdrs: whether("allowRollupHdrs"),
  compression: { option: "compression", rule: oneOf("none", "s2") },
  first_seq: { option: "firstSeq", rule: count },
  subject_transform: {
    option: "subjectTransform",
    rule: record,
    write: (value, action) => transformOf(action, value),
  },
  republish: {
    option: "republish",
    rule: record,
    write: (value, action) => republishOf(action, value),
  },
  allow_direct: whether("allowDirect"),
  mirror_direct: whether("mirrorDirect"),
  consumer_limits: { option: "consumerLimits", rule: record, write: consumerLimitsOf },
  allow_msg_ttl: whether("allowMsgTtl"),
  subject_delete_marker_ttl: {
    option: "subjectDeleteMarkerTtl",
    rule: storedTime(1_000),
    write: nanosecondsOf,
  },
  allow_msg_counter: { reason: "counters take no bodies; a key of a bucket counts by change()" },
  allow_atomic: whether("allowAtomic"),
  allow_msg_schedules: whether("allowMsgSchedules"),
  allow_batched: whether("allowBatched"),
  persist_mode: { option: "persistMode", rule: oneOf("default", "async") },
  metadata: { option: "metadata", rule: texts },
} as const satisfies { readonly [Name in keyof Required<StreamConfig>]: Field };

const FIELDS = Object.entries(STREAM_FIELDS) as [keyof StreamConfig, Field][];

/** The rule of each option. */
export const STREAM_RULES: Rules = Object.fromEntries(
  FIELDS.flatMap(([, field]) => "option" in field ? [[field.option, field.rule] as const] : []),
);

/** The configuration that checked options name, and no more. */
export function configOf(
  name: string,
  options: Readonly<Record<string, unknown>>,
): Partial<StreamConfig> & { readonly name: string } {
  const action = `declare the stream "${name}"`;
  const config: Record<string, unknown> = { name };
  for (const [field, how] of FIELDS) {
    if (!("option" in how) || options[how.option] === undefined) continue;
    const value = options[how.option];
    config[field] = how.write ? how.write(value, action) : value;
  }
  checkWindow(action, config as Partial<StreamConfig>);
  checkSchedules(action, config as Partial<StreamConfig>);
  return config as Partial<StreamConfig> & { readonly name: string };
}

/** The server refuses a window beyond the age: nothing could be compared with. */
function checkWindow(action: string, { max_age = 0, duplicate_window = 0 }: Partial<StreamConfig>) {
  if (max_age === 0 || duplicate_window <= max_age) return;
  const ms = (value: number) => `${value / 1e6} ms`;
  const rule = `"duplicateWindow" must not be longer than "maxAge"`;
  throw new TypeError(`Cannot ${action} as ${rule}: ${ms(duplicate_window)}, ${ms(max_age)}`);
}

/** Refuses what the server refuses together with schedules, and what it ignores without a word. */
function checkSchedules(action: string, config: Partial<StreamConfig>) {
  const { allow_msg_schedules, subject_delete_marker_ttl = 0, deny_purge, discard } = config;
  const refuse = (rule: string) => {
    throw new TypeError(`Cannot ${action} as ${rule}: both are given`);
  };
  if (allow_msg_schedules && discard === "new") {
    refuse('"allowMsgSchedules" must go without discard: "new"');
  }
  if (!deny_purge) return;
  // the server would turn "denyPurge" off, and each later start would find a difference
  if (allow_msg_schedules) refuse('"denyPurge" must go without "allowMsgSchedules"');
  if (subject_delete_marker_ttl > 0) {
    refuse('"denyPurge" must go without "subjectDeleteMarkerTtl"');
  }
}

function consumerLimitsOf(options: ConsumerLimitOptions, action: string) {
  checkOptions(action, options, { inactiveThreshold: storedTime(0), maxAckPending: count });
  const { inactiveThreshold, maxAckPending } = options;
  return {
    ...inactiveThreshold !== undefined && { inactive_threshold: nanosecondsOf(inactiveThreshold) },
    ...maxAckPending !== undefined && { max_ack_pending: maxAckPending },
  };
}

/** The error for what is no stream, where one is wanted. */
export function noStream(action: string, value: unknown): TypeError {
  const found = typeof value === "object" && value !== null ? "another object" : describe(value);
  return new TypeError(`Cannot ${action} as it must be what stream() has made: ${found}`);
}
