import {
  BOOLEAN,
  DURATION,
  enumOf,
  type Fields,
  INT,
  type Shape,
  SHOWN_TIME,
  STRING,
  STRINGS,
  TEXTS,
  UINT64,
} from "../api/go_json.ts";

/** Where in the stream a consumer starts. */
export type DeliverPolicy =
  | "all"
  | "last"
  | "new"
  | "by_start_sequence"
  | "by_start_time"
  | "last_per_subject";

/** Which messages clients must acknowledge, and which messages one acknowledgement covers. */
export type AckPolicy = "none" | "all" | "explicit" | "flow_control";

/** Which of several waiting clients receive messages. */
export type PriorityPolicy = "none" | "overflow" | "pinned_client" | "prioritized";

/**
 * A consumer's configuration, by the names of the API and in its units: durations are nanoseconds, and -1 is no limit.
 */
export interface ConsumerConfig {
  readonly durable_name: string;
  readonly name: string;
  readonly description: string;
  readonly deliver_policy: DeliverPolicy;
  readonly opt_start_seq: number;
  readonly opt_start_time: string | undefined;
  readonly ack_policy: AckPolicy;
  readonly ack_wait: number;
  readonly max_deliver: number;
  readonly backoff: readonly number[];
  readonly filter_subject: string;
  readonly filter_subjects: readonly string[];
  readonly replay_policy: "instant" | "original";
  readonly rate_limit_bps: number;
  readonly sample_freq: string;
  readonly max_waiting: number;
  readonly max_ack_pending: number;
  readonly flow_control: boolean;
  readonly headers_only: boolean;
  readonly max_batch: number;
  readonly max_expires: number;
  readonly max_bytes: number;
  readonly deliver_subject: string;
  readonly deliver_group: string;
  readonly idle_heartbeat: number;
  readonly inactive_threshold: number;
  readonly num_replicas: number;
  readonly mem_storage: boolean;
  readonly direct: boolean;
  readonly sourcing: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly pause_until: string | undefined;
  readonly priority_groups: readonly string[];
  readonly priority_policy: PriorityPolicy;
  readonly priority_timeout: number;
}

/** The JSON fields of a configuration, in the order in which responses show them. */
const CONFIG = {
  durable_name: STRING,
  name: STRING,
  description: STRING,
  deliver_policy: enumOf(
    "all",
    "last",
    "new",
    "by_start_sequence",
    "by_start_time",
    "last_per_subject",
    "undefined",
  ),
  opt_start_seq: UINT64,
  opt_start_time: SHOWN_TIME,
  ack_policy: enumOf("none", "all", "explicit", "flow_control"),
  ack_wait: DURATION,
  max_deliver: INT,
  backoff: { is: "list", of: DURATION },
  filter_subject: STRING,
  filter_subjects: STRINGS,
  replay_policy: enumOf("instant", "original"),
  rate_limit_bps: UINT64,
  sample_freq: STRING,
  max_waiting: INT,
  max_ack_pending: INT,
  flow_control: BOOLEAN,
  headers_only: BOOLEAN,
  max_batch: INT,
  max_expires: DURATION,
  max_bytes: INT,
  deliver_subject: STRING,
  deliver_group: STRING,
  idle_heartbeat: DURATION,
  inactive_threshold: DURATION,
  num_replicas: INT,
  mem_storage: BOOLEAN,
  direct: BOOLEAN,
  sourcing: BOOLEAN,
  metadata: TEXTS,
  pause_until: SHOWN_TIME,
  priority_groups: STRINGS,
  priority_policy: enumOf("none", "overflow", "pinned_client", "prioritized"),
  priority_timeout: DURATION,
} as const satisfies { readonly [Name in keyof ConsumerConfig]: Shape };

/** The JSON fields of a {@linkcode CreateRequest}. */
export const CREATE_REQUEST: Fields = {
  stream_name: STRING,
  config: { is: "object", fields: CONFIG },
  action: enumOf("", "create", "update"),
  pedantic: BOOLEAN,
};

/** A request to create or update a consumer. */
export interface CreateRequest {
  readonly stream_name?: string;
  readonly config?: Partial<ConsumerConfig>;
  readonly action?: "" | "create" | "update";
  readonly pedantic?: boolean;
}

/** The defaults of absent fields. */
const UNSAID: ConsumerConfig = {
  durable_name: "",
  name: "",
  description: "",
  deliver_policy: "all",
  opt_start_seq: 0,
  opt_start_time: undefined,
  ack_policy: "none",
  ack_wait: 0,
  max_deliver: 0,
  backoff: [],
  filter_subject: "",
  filter_subjects: [],
  replay_policy: "instant",
  rate_limit_bps: 0,
  sample_freq: "",
  max_waiting: 0,
  max_ack_pending: 0,
  flow_control: false,
  headers_only: false,
  max_batch: 0,
  max_expires: 0,
  max_bytes: 0,
  deliver_subject: "",
  deliver_group: "",
  idle_heartbeat: 0,
  inactive_threshold: 0,
  num_replicas: 0,
  mem_storage: false,
  direct: false,
  sourcing: false,
  metadata: {},
  pause_until: undefined,
  priority_groups: [],
  priority_policy: "none",
  priority_timeout: 0,
};

/** Fields that responses show even if they have their default. */
const SHOWN: ReadonlySet<string> = new Set([
  "deliver_policy",
  "ack_policy",
  "replay_policy",
  "num_replicas",
]);

/** Completes a partial configuration with the API's defaults. */
export function configOf(said: Partial<ConsumerConfig>): ConsumerConfig {
  const policy: string = said.deliver_policy ?? "all";
  const known = Object.entries(said).filter(([, value]) => value !== undefined);
  const config = { ...UNSAID, ...Object.fromEntries(known) };
  return policy === "undefined" ? { ...config, deliver_policy: "all" } : config;
}

/** A configuration as responses show it. */
export function shownConfig(config: ConsumerConfig): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const name of Object.keys(CONFIG) as (keyof ConsumerConfig)[]) {
    const value = config[name];
    if (isEmpty(value, name) && !SHOWN.has(name)) continue;
    shown[name] = value;
  }
  return shown;
}

/** Whether it is a push consumer. */
export function isPush({ deliver_subject }: ConsumerConfig): boolean {
  return deliver_subject !== "";
}

/** Whether clients acknowledge messages, one by one or all up to one. */
export function isAcknowledged({ ack_policy }: ConsumerConfig): boolean {
  return ack_policy === "explicit" || ack_policy === "all";
}

/** The filter subjects; empty if there is no filter. */
export function filtersOf({ filter_subject, filter_subjects }: ConsumerConfig): readonly string[] {
  return filter_subject === "" ? filter_subjects : [...filter_subjects, filter_subject];
}

function isEmpty(value: unknown, name: string): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (name === "priority_policy") return value === "none";
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return !value;
}
