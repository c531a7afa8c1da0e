import type { Duration } from "../../duration.ts";
import type {
  ConsumerLimitOptions,
  PlacementOptions,
  RepublishOptions,
  SourceOptions,
  TransformOptions,
} from "./copy_options.ts";
import type { Declare } from "./declare_stream.ts";

/**
 * The options of every kind of stream. A start leaves options that are not named as the server has them. Each field of the
 * API's configuration is an option in camelCase, except these:
 *
 * | field | why there is no option |
 * | --- | --- |
 * | `no_ack` | publishing here resolves once the stream has acknowledged the message |
 * | `sealed` | it closes a stream for ever, which no start of a program should do |
 * | `allow_msg_counter` | counters take no bodies; a key of a bucket counts by `change()` |
 * | `template_owner` | current servers do not have it |
 */
export interface StreamSettings<Subject extends string = string> {
  /**
   * What it takes in: subjects, wildcards, or patterns such as `"orders.{id}.{event}"`.
   *
   * @default {its name, where the server makes it; else what the server has}
   */
  readonly subjects?: readonly Subject[];
  /**
   * What to do at start: `"verify"`, `"create"`, `"update"` or `"leave"`.
   *
   * @default {"verify"}
   */
  readonly declare?: Declare;
  /**
   * The domain of JetStream that has it.
   *
   * @default {that of the server}
   */
  readonly domain?: string;
  /** What it is for, for people. */
  readonly description?: string;
  /**
   * How many consumers it may have; `Infinity` for no limit.
   *
   * @default {Infinity}
   */
  readonly maxConsumers?: number;
  /**
   * How many messages it holds; `Infinity` for no limit.
   *
   * @default {Infinity}
   */
  readonly maxMsgs?: number;
  /**
   * How many bytes it holds; `Infinity` for no limit.
   *
   * @default {Infinity}
   */
  readonly maxBytes?: number;
  /**
   * How long it holds a message; `Infinity` for no limit.
   *
   * @default {Infinity}
   */
  readonly maxAge?: Duration;
  /**
   * How many messages it holds of each subject; `Infinity` for no limit.
   *
   * @default {Infinity}
   */
  readonly maxMsgsPerSubject?: number;
  /**
   * How many bytes a message may have, headers included; `Infinity` for the server's limit.
   *
   * @default {Infinity}
   */
  readonly maxMsgSize?: number;
  /**
   * What goes where a limit is reached: the oldest message, or the new one, which is refused.
   *
   * @default {"old"}
   */
  readonly discard?: "old" | "new";
  /**
   * Whether `discard: "new"` refuses what goes beyond `maxMsgsPerSubject`, too.
   *
   * @default {false}
   */
  readonly discardNewPerSubject?: boolean;
  /**
   * Where it is stored.
   *
   * @default {"file"}
   */
  readonly storage?: "file" | "memory";
  /**
   * On how many servers of a cluster it is stored: 1, 3 or 5.
   *
   * @default {1}
   */
  readonly numReplicas?: number;
  /**
   * For how long it knows the ids of messages, and so stores no second one; also the longest that a message is sent again
   * over outages.
   *
   * @default {"2m", or `maxAge` if that is shorter}
   */
  readonly duplicateWindow?: Duration;
  /** Where in a cluster it is placed. */
  readonly placement?: PlacementOptions;
  /** The stream that this one is a copy of; it then takes in nothing else. */
  readonly mirror?: SourceOptions;
  /** Streams whose messages it takes in as well. */
  readonly sources?: readonly SourceOptions[];
  /**
   * Whether nobody can delete single messages; this cannot be taken back.
   *
   * @default {false}
   */
  readonly denyDelete?: boolean;
  /**
   * Whether nobody can purge it; this cannot be taken back. Excludes `allowMsgSchedules` and `subjectDeleteMarkerTtl`, with
   * which the server itself purges subjects.
   *
   * @default {false}
   */
  readonly denyPurge?: boolean;
  /**
   * Whether a message may replace all earlier ones of its subject.
   *
   * @default {false}
   */
  readonly allowRollupHdrs?: boolean;
  /**
   * How its files are compressed.
   *
   * @default {"none"}
   */
  readonly compression?: "none" | "s2";
  /**
   * The sequence of its first message.
   *
   * @default {1}
   */
  readonly firstSeq?: number;
  /** How subjects change as messages are stored. */
  readonly subjectTransform?: TransformOptions;
  /** Where a copy of each stored message is published. */
  readonly republish?: RepublishOptions;
  /**
   * Whether any of its servers may be asked for single messages.
   *
   * @default {false}
   */
  readonly allowDirect?: boolean;
  /**
   * Whether a mirror may be asked for messages of its origin.
   *
   * @default {false}
   */
  readonly mirrorDirect?: boolean;
  /** What its consumers may ask for at most. */
  readonly consumerLimits?: ConsumerLimitOptions;
  /**
   * Whether single messages may have a `ttl`; needs nats-server 2.11, and cannot be taken back.
   *
   * @default {false}
   */
  readonly allowMsgTtl?: boolean;
  /** How long a marker tells that a subject's last message has expired; needs nats-server 2.11. */
  readonly subjectDeleteMarkerTtl?: Duration;
  /**
   * Whether `js.batch()` can store several messages or none; needs nats-server 2.12.
   *
   * @default {false}
   */
  readonly allowAtomic?: boolean;
  /**
   * Whether messages can be scheduled for later. Needs nats-server 2.12, and cannot be taken back. The stream is made with
   * the additional subject `_SIGNALBOX.<STREAM>.>`, or gets it by `declare: "update"`. This package uses it: no program can
   * declare or publish to these subjects, no handler gets their messages, and a comparison with the declaration skips them.
   * Excludes `discard: "new"` and `denyPurge`.
   *
   * @default {false}
   */
  readonly allowMsgSchedules?: boolean;
  /**
   * Whether messages can be ingested in bulk; needs nats-server 2.14.
   *
   * @default {false}
   */
  readonly allowBatched?: boolean;
  /**
   * Whether the server answers before it has written to its disk: faster, and a crash may lose what was answered. Needs
   * nats-server 2.12.
   *
   * @default {"default"}
   */
  readonly persistMode?: "default" | "async";
  /** Texts that the server shows with the stream. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What a stream is declared as. */
export interface StreamOptions<Subject extends string = string> extends StreamSettings<Subject> {
  /**
   * How long messages stay: until a limit is reached, or until every consumer has acknowledged them. Without any consumer,
   * a stream of `"interest"` confirms messages and stores none.
   *
   * @default {"limits"}
   */
  readonly retention?: "limits" | "interest";
}

/** What a work queue is declared as. */
export interface WorkQueueOptions<Subject extends string = string> extends StreamSettings<Subject> {
  /**
   * Whether several jobs of one subject exclude each other, and how; see {@linkcode Unique}.
   *
   * @default {undefined, as many as there are}
   */
  readonly unique?: Unique;
}

/**
 * How jobs of one subject exclude each other. The subject identifies a job, so it must contain what tells one job from
 * another: `"jobs.{kind}.{id}"`.
 *
 * | | while one waits | while one runs |
 * | --- | --- | --- |
 * | `"while-queued"` | another one is refused | another one may be published and may run in parallel: a job leaves its subject when a handler takes it |
 * | `"until-done"` | another one is refused | another one is refused: a subject holds one job until it is acknowledged or given up, through all failed attempts and the waits between them |
 * | `"replace"` | another one takes its place, and the first one never runs | another one waits, and runs once the first one has ended; if the first one fails after another one was published, it is not tried again |
 *
 * A refused `publish()` throws a {@linkcode ConflictError} with `isTaken` and the `subject`. The rules hold over any number
 * of publishers and processes, because the server applies them when it stores a message.
 *
 * With `"while-queued"`, the subject is free as soon as a handler takes the job: the consumer first stores the job again,
 * under a subject that only this consumer reads. So a job is not lost if its process dies. It costs a second write and a
 * confirmation: with jobs that take no time, a process does about a sixth as many a second. If the stream is full, the
 * handler gets the job under its own subject, and an `error` event says so. The stream gets the subjects for this when it
 * is made, or by `declare: "update"`; consumers of a stream that is declared with `"leave"` cannot use it.
 *
 * `"while-queued"` and `"until-done"` exclude `allowMsgSchedules`, because the server keeps no schedules in a stream that
 * refuses messages. To debounce, schedule with the same name each time: {@linkcode ScheduleMessageOptions} has an example.
 * To throttle, publish with the same `id`: the stream stores only the first message within its `duplicateWindow`.
 *
 * With `"replace"`, a process runs the jobs of one subject one after the other, as with `key`. Two processes may run two of
 * them in parallel, and so may the lists of a `batch`. For a consumer with `group: { pinned: {} }`, one process runs all
 * jobs.
 */
export type Unique = "while-queued" | "until-done" | "replace";

/** The options with which a stream holds messages of other subjects than those that it takes in. */
export type TakesOthers =
  | { readonly subjectTransform: TransformOptions }
  | { readonly sources: readonly SourceOptions[] }
  | { readonly mirror: SourceOptions };
