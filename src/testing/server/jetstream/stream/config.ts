import {
  BOOLEAN,
  DURATION,
  enumOf,
  type Fields,
  INT,
  INT32,
  INT64,
  type Shape,
  STRING,
  STRINGS,
  TEXTS,
  TIME,
  UINT64,
} from "../api/go_json.ts";
import { writeTime } from "../time.ts";

/** A mapping of subjects to other subjects. */
export interface TransformConfig {
  readonly src: string;
  readonly dest: string;
}

/** Where stored messages are republished. */
export interface RepublishConfig extends TransformConfig {
  readonly headers_only?: boolean;
}

/** Another stream that this one copies. */
export interface SourceConfig {
  readonly name: string;
  readonly filter_subject?: string;
  readonly subject_transforms?: readonly TransformConfig[];
  readonly opt_start_seq?: number;
  readonly opt_start_time?: number;
  readonly external?: External;
  readonly consumer?: { readonly name?: string; readonly deliver_subject?: string };
}

/** The prefixes of the API and of deliveries, in another domain or account. */
export interface External {
  readonly api?: string;
  readonly deliver?: string;
}

/**
 * A stream's configuration, by the names of the API and in its units: durations are nanoseconds, and -1 is no limit.
 */
export interface StreamConfig {
  readonly name: string;
  readonly description: string;
  readonly subjects: readonly string[];
  readonly retention: "limits" | "interest" | "workqueue";
  readonly max_consumers: number;
  readonly max_msgs: number;
  readonly max_bytes: number;
  readonly max_age: number;
  readonly max_msgs_per_subject: number;
  readonly max_msg_size: number;
  readonly discard: "old" | "new";
  readonly storage: "file" | "memory";
  readonly num_replicas: number;
  readonly no_ack: boolean;
  readonly duplicate_window: number;
  readonly placement: Placement | undefined;
  readonly mirror: SourceConfig | undefined;
  readonly sources: readonly SourceConfig[];
  readonly compression: string;
  readonly first_seq: number;
  readonly subject_transform: TransformConfig | undefined;
  readonly republish: RepublishConfig | undefined;
  readonly allow_direct: boolean;
  readonly mirror_direct: boolean;
  readonly discard_new_per_subject: boolean;
  readonly sealed: boolean;
  readonly deny_delete: boolean;
  readonly deny_purge: boolean;
  readonly allow_rollup_hdrs: boolean;
  readonly consumer_limits: ConsumerLimits;
  readonly allow_msg_ttl: boolean;
  readonly subject_delete_marker_ttl: number;
  readonly allow_msg_counter: boolean;
  readonly allow_atomic: boolean;
  readonly allow_msg_schedules: boolean;
  readonly persist_mode: string;
  readonly allow_batched: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A stream's limits for the configuration of its consumers; 0 is no limit. */
export interface ConsumerLimits {
  readonly inactive_threshold?: number;
  readonly max_ack_pending?: number;
}

interface Placement {
  readonly cluster?: string;
  readonly tags?: readonly string[];
  readonly preferred?: string;
}

/** A create or update request: a partial configuration, and whether its check is pedantic. */
export type StreamConfigRequest = Partial<StreamConfig> & { readonly pedantic?: boolean };

const TRANSFORM: Fields = { src: STRING, dest: STRING };

const SOURCE: Fields = {
  name: STRING,
  opt_start_seq: UINT64,
  opt_start_time: TIME,
  filter_subject: STRING,
  subject_transforms: { is: "list", of: { is: "object", fields: TRANSFORM } },
  external: { is: "object", fields: { api: STRING, deliver: STRING } },
  consumer: { is: "object", fields: { name: STRING, deliver_subject: STRING } },
};

/** The JSON fields of a configuration, in the order in which responses show them. */
const CONFIG = {
  name: STRING,
  description: STRING,
  subjects: STRINGS,
  retention: enumOf("limits", "interest", "workqueue"),
  max_consumers: INT,
  max_msgs: INT64,
  max_bytes: INT64,
  max_age: DURATION,
  max_msgs_per_subject: INT64,
  max_msg_size: INT32,
  discard: { is: "enum", values: ["old", "new"], anyCase: true },
  storage: enumOf("memory", "file"),
  num_replicas: INT,
  no_ack: BOOLEAN,
  duplicate_window: DURATION,
  placement: { is: "object", fields: { cluster: STRING, tags: STRINGS, preferred: STRING } },
  mirror: { is: "object", fields: SOURCE },
  sources: { is: "list", of: { is: "object", fields: SOURCE } },
  compression: enumOf("none", "s2"),
  first_seq: UINT64,
  subject_transform: { is: "object", fields: TRANSFORM },
  republish: { is: "object", fields: { ...TRANSFORM, headers_only: BOOLEAN } },
  allow_direct: BOOLEAN,
  mirror_direct: BOOLEAN,
  discard_new_per_subject: BOOLEAN,
  sealed: BOOLEAN,
  deny_delete: BOOLEAN,
  deny_purge: BOOLEAN,
  allow_rollup_hdrs: BOOLEAN,
  consumer_limits: {
    is: "object",
    fields: { inactive_threshold: DURATION, max_ack_pending: INT },
  },
  allow_msg_ttl: BOOLEAN,
  subject_delete_marker_ttl: DURATION,
  allow_msg_counter: BOOLEAN,
  allow_atomic: BOOLEAN,
  allow_msg_schedules: BOOLEAN,
  persist_mode: enumOf("", "default", "async"),
  allow_batched: BOOLEAN,
  metadata: TEXTS,
} as const satisfies { readonly [Name in keyof StreamConfig]: Shape };

/** The JSON fields of a create or update request. */
export const CONFIG_REQUEST: Fields = { ...CONFIG, pedantic: BOOLEAN };

/** The defaults of absent fields. */
const UNSAID: StreamConfig = {
  name: "",
  description: "",
  subjects: [],
  retention: "limits",
  max_consumers: 0,
  max_msgs: 0,
  max_bytes: 0,
  max_age: 0,
  max_msgs_per_subject: 0,
  max_msg_size: 0,
  discard: "old",
  storage: "file",
  num_replicas: 0,
  no_ack: false,
  duplicate_window: 0,
  placement: undefined,
  mirror: undefined,
  sources: [],
  compression: "none",
  first_seq: 0,
  subject_transform: undefined,
  republish: undefined,
  allow_direct: false,
  mirror_direct: false,
  discard_new_per_subject: false,
  sealed: false,
  deny_delete: false,
  deny_purge: false,
  allow_rollup_hdrs: false,
  consumer_limits: {},
  allow_msg_ttl: false,
  subject_delete_marker_ttl: 0,
  allow_msg_counter: false,
  allow_atomic: false,
  allow_msg_schedules: false,
  persist_mode: "",
  allow_batched: false,
  metadata: {},
};

/** Fields that responses leave out if they have their default. */
const OMITTED: ReadonlySet<string> = new Set([
  "description",
  "subjects",
  "no_ack",
  "duplicate_window",
  "sources",
  "first_seq",
  "discard_new_per_subject",
  "subject_delete_marker_ttl",
  "allow_msg_counter",
  "allow_atomic",
  "allow_msg_schedules",
  "persist_mode",
  "allow_batched",
]);

/** Completes a partial configuration with the API's defaults. */
export function configOf({ pedantic: _, ...said }: StreamConfigRequest): StreamConfig {
  const { persist_mode = "" } = said;
  return { ...UNSAID, ...said, persist_mode: persist_mode === "default" ? "" : persist_mode };
}

/** A configuration as responses show it. */
export function shownConfig(config: StreamConfig): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const name of Object.keys(CONFIG) as (keyof StreamConfig)[]) {
    const value = config[name];
    const isEmpty = Array.isArray(value) ? value.length === 0 : !value;
    if (value === undefined || (isEmpty && OMITTED.has(name))) continue;
    shown[name] = name === "mirror"
      ? shownSource(value as SourceConfig)
      : name === "sources"
      ? (value as SourceConfig[]).map(shownSource)
      : value;
  }
  return shown;
}

function shownSource(source: SourceConfig): Record<string, unknown> {
  const { name, opt_start_seq = 0, opt_start_time, filter_subject = "", external } = source;
  const { subject_transforms = [], consumer } = source;
  return {
    name,
    ...opt_start_seq > 0 && { opt_start_seq },
    ...opt_start_time !== undefined && { opt_start_time: writeTime(opt_start_time) },
    ...filter_subject !== "" && { filter_subject },
    ...subject_transforms.length > 0 && { subject_transforms: subject_transforms.map(whole) },
    ...external && { external: shownExternal(external) },
    ...consumer && { consumer },
  };
}

/** The prefixes of another domain or account, as responses show them. */
export function shownExternal({ api = "", deliver = "" }: External): Required<External> {
  return { api, deliver };
}

/** A transform, as responses show it. */
export function whole({ src = "", dest = "" }: Partial<TransformConfig>): TransformConfig {
  return { src, dest };
}
