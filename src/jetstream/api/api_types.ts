/**
 * What goes over the wire of the JetStream API, by its own names and in its own units: durations are nanoseconds, times
 * are RFC 3339, and -1 is no limit. Only doors read and write these; programs get camelCase and milliseconds.
 *
 * @module
 */

/** How subjects change on their way. */
export interface SubjectTransform {
  readonly src: string;
  readonly dest: string;
}

/** Another stream that this one copies. */
export interface StreamSource {
  readonly name: string;
  readonly opt_start_seq?: number;
  readonly opt_start_time?: string;
  readonly filter_subject?: string;
  readonly subject_transforms?: readonly SubjectTransform[];
  readonly external?: { readonly api: string; readonly deliver?: string };
}

/** A stream's configuration. */
export interface StreamConfig {
  readonly name: string;
  readonly description?: string;
  readonly subjects?: readonly string[];
  readonly retention?: "limits" | "interest" | "workqueue";
  readonly max_consumers?: number;
  readonly max_msgs?: number;
  readonly max_bytes?: number;
  readonly max_age?: number;
  readonly max_msgs_per_subject?: number;
  readonly max_msg_size?: number;
  readonly discard?: "old" | "new";
  readonly discard_new_per_subject?: boolean;
  readonly storage?: "file" | "memory";
  readonly num_replicas?: number;
  readonly no_ack?: boolean;
  readonly duplicate_window?: number;
  readonly placement?: {
    readonly cluster?: string;
    readonly tags?: readonly string[];
    readonly preferred?: string;
  };
  readonly mirror?: StreamSource;
  readonly sources?: readonly StreamSource[];
  readonly sealed?: boolean;
  readonly deny_delete?: boolean;
  readonly deny_purge?: boolean;
  readonly allow_rollup_hdrs?: boolean;
  readonly compression?: "none" | "s2";
  readonly first_seq?: number;
  readonly subject_transform?: SubjectTransform;
  readonly republish?: SubjectTransform & { readonly headers_only?: boolean };
  readonly allow_direct?: boolean;
  readonly mirror_direct?: boolean;
  readonly consumer_limits?: {
    readonly inactive_threshold?: number;
    readonly max_ack_pending?: number;
  };
  readonly allow_msg_ttl?: boolean;
  readonly subject_delete_marker_ttl?: number;
  readonly allow_msg_counter?: boolean;
  readonly allow_atomic?: boolean;
  readonly allow_msg_schedules?: boolean;
  readonly allow_batched?: boolean;
  readonly persist_mode?: "default" | "async";
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What a stream holds. */
export interface StreamState {
  readonly messages: number;
  readonly bytes: number;
  readonly first_seq: number;
  readonly first_ts: string;
  readonly last_seq: number;
  readonly last_ts: string;
  readonly consumer_count: number;
  readonly num_deleted?: number;
  readonly num_subjects?: number;
  /** The messages of each subject, if the request had a `subjects_filter`. */
  readonly subjects?: Readonly<Record<string, number>>;
}

/** How far a stream has copied one of its sources. */
export interface SourceInfo {
  readonly name: string;
  readonly lag: number;
  /** The number in the source of the last message that was copied, since nats-server 2.15; missing before the first one. */
  readonly seq?: number;
  /** Nanoseconds since the source was last heard of; -1 if it never was. */
  readonly active: number;
  readonly error?: WireError;
}

/** The answer to `STREAM.INFO`, `STREAM.CREATE` and `STREAM.UPDATE`. */
export interface StreamInfo {
  readonly config: StreamConfig;
  readonly created: string;
  readonly state: StreamState;
  readonly cluster?: { readonly leader?: string; readonly name?: string };
  readonly sources?: readonly SourceInfo[];
  readonly ts?: string;
  /** How many subjects there are in all, where `state.subjects` is a page of them. */
  readonly total?: number;
  readonly offset?: number;
  readonly limit?: number;
}

/** A consumer's configuration. */
export interface ConsumerConfig {
  readonly name?: string;
  readonly durable_name?: string;
  readonly description?: string;
  readonly deliver_policy?:
    | "all"
    | "last"
    | "new"
    | "by_start_sequence"
    | "by_start_time"
    | "last_per_subject";
  readonly opt_start_seq?: number;
  readonly opt_start_time?: string;
  readonly ack_policy?: "none" | "all" | "explicit";
  readonly ack_wait?: number;
  readonly max_deliver?: number;
  readonly backoff?: readonly number[];
  readonly filter_subject?: string;
  readonly filter_subjects?: readonly string[];
  readonly replay_policy?: "instant" | "original";
  readonly rate_limit_bps?: number;
  readonly sample_freq?: string;
  readonly max_waiting?: number;
  readonly max_ack_pending?: number;
  readonly headers_only?: boolean;
  readonly max_batch?: number;
  readonly max_expires?: number;
  readonly max_bytes?: number;
  readonly inactive_threshold?: number;
  readonly num_replicas?: number;
  readonly mem_storage?: boolean;
  readonly pause_until?: string;
  readonly priority_groups?: readonly string[];
  readonly priority_policy?: "none" | "overflow" | "pinned_client" | "prioritized";
  readonly priority_timeout?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A place in a stream, as a consumer counts. */
export interface SequencePair {
  readonly consumer_seq: number;
  readonly stream_seq: number;
  readonly last_active?: string;
}

/** The answer to `CONSUMER.INFO` and `CONSUMER.CREATE`. */
export interface ConsumerInfo {
  readonly stream_name: string;
  readonly name: string;
  readonly created: string;
  readonly config: ConsumerConfig;
  readonly delivered: SequencePair;
  readonly ack_floor: SequencePair;
  readonly num_ack_pending: number;
  readonly num_redelivered: number;
  readonly num_waiting: number;
  readonly num_pending: number;
  readonly paused?: boolean;
  /** Nanoseconds until it goes on. */
  readonly pause_remaining?: number;
  readonly cluster?: { readonly leader?: string };
  readonly ts?: string;
}

/** The answer to a message that was stored. */
export interface PubAck {
  readonly stream: string;
  readonly seq: number;
  readonly duplicate?: boolean;
  readonly domain?: string;
  /** The new value of a counter. */
  readonly val?: string;
  readonly batch?: string;
  readonly count?: number;
}

/** An error in an answer. */
export interface WireError {
  readonly code: number;
  readonly err_code: number;
  readonly description: string;
}
