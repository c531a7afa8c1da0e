import { asMilliseconds, type Duration } from "../../duration.ts";
import type { ConsumerConfig, StreamConfig } from "../api/api_types.ts";
import { replayFilter } from "../dead/dead_letter.ts";
import { startOf } from "../read/from.ts";
import { hasOwnSubjects, privateFilter, programSubjects } from "../stream/own_subjects.ts";
import { ANY, type ConsumerSettings } from "./consumer_settings.ts";
import { groupConfig } from "./group.ts";
import { ownName } from "./own_message.ts";
import { partitionFilter } from "./partitions/filter.ts";

const NANOSECONDS = 1_000_000;
/** Where a consumer says from where it began at first, if it had to be made again at another place. */
export const BEGAN = "signalbox-from";

/** The metadata of a consumer whose filter is all of its stream except this package's own subjects. */
export const SPARED = "signalbox-spared";

/** The configuration of a consumer: what its options name, and what this package relies on. */
export function consumerConfig(settings: ConsumerSettings): ConsumerConfig {
  const { patterns, options, ackWait, partition } = settings;
  const name = partition ? String(partition.number) : settings.name;
  const subjects = partition
    ? [partitionFilter(partition)]
    : patterns.map(({ subject }) => subject);
  return defined({
    name,
    durable_name: name,
    ...filterOf(subjects),
    ...startOf(partition ? "first" : options.from ?? "first"),
    ...relied(ackWait),
    ...groupConfig(settings.group),
    description: options.description,
    replay_policy: options.replayPolicy ?? "instant",
    sample_freq: options.sampleFreq === undefined ? undefined : `${options.sampleFreq}%`,
    max_waiting: options.maxWaiting,
    max_ack_pending: partition ? 1 : options.maxAckPending,
    headers_only: options.headersOnly,
    max_batch: options.maxBatch,
    max_expires: nanoseconds(options.maxExpires),
    max_bytes: options.maxBytes,
    inactive_threshold: nanoseconds(options.inactiveThreshold),
    num_replicas: options.numReplicas,
    mem_storage: options.storage === undefined ? undefined : options.storage === "memory",
    metadata: options.metadata,
    pause_until: options.pauseUntil && new Date(options.pauseUntil).toISOString(),
  });
}

/**
 * Narrows a consumer of all subjects of a work queue to the program's subjects, if the queue also has this package's own
 * subjects: the consumer would receive their messages as jobs and remove them. `undefined` if there is nothing to leave
 * out, or if the program's subjects are not known.
 */
export function sparingConfig<Known extends ConsumerConfig>(
  config: Known,
  stream: StreamConfig,
): Known | undefined {
  const { retention, subject_transform, sources = [] } = stream;
  const isFiltered = config.filter_subject !== undefined || config.filter_subjects !== undefined;
  if (isFiltered || retention !== "workqueue" || !hasOwnSubjects(stream)) return undefined;
  const subjects = programSubjects(stream.subjects);
  if (subject_transform || sources.length > 0 || subjects.length === 0) return undefined;
  const metadata = { ...config.metadata, [SPARED]: "true" };
  return { ...config, filter_subjects: subjects, metadata };
}

/** The name of the consumer that reads what is given back to this one. */
export function replayName({ stream, name }: Pick<ConsumerSettings, "stream" | "name">): string {
  return `${stream}~${name}`;
}

/** The consumer on the stream of dead letters that reads what is given back. */
export function replayConfig(settings: ConsumerSettings, dead: string): ConsumerConfig {
  const name = replayName(settings);
  return {
    name,
    durable_name: name,
    filter_subject: replayFilter(dead, settings.stream, settings.name),
    ...startOf("first"),
    ...relied(settings.ackWait),
    ...groupConfig(settings.group),
    replay_policy: "instant",
  };
}

/**
 * The configuration of the consumer that reads a consumer's own messages; it copies the settings of that consumer where
 * they apply.
 */
export function ownConfig(settings: ConsumerSettings): ConsumerConfig & { readonly name: string } {
  const { stream, ackWait } = settings;
  const main = consumerConfig(settings);
  const name = ownName(settings.name);
  return defined({
    name,
    durable_name: name,
    filter_subject: privateFilter(stream, settings.name, { kind: "for" }),
    ...startOf("first"),
    ...relied(ackWait),
    // the same group, because each request of this process names it
    ...groupConfig(settings.group),
    replay_policy: "instant",
    max_ack_pending: main.max_ack_pending,
    max_waiting: main.max_waiting,
    inactive_threshold: main.inactive_threshold,
    num_replicas: main.num_replicas,
    mem_storage: main.mem_storage,
  }) as ConsumerConfig & { readonly name: string };
}

/** The filter in the subject of a request that makes the consumer: permissions can tell one from another by it. */
export function createSubject(stream: string, { name, filter_subject }: ConsumerConfig): string {
  const filter = filter_subject === undefined ? "" : `.${filter_subject}`;
  return `CONSUMER.CREATE.${stream}.${name}${filter}`;
}

/** The filter of the consumer; none if the stream is declared without subjects, as the server would refuse any. */
function filterOf(subjects: readonly string[]): ConsumerConfig {
  const [only] = subjects;
  if (subjects.length > 1) return { filter_subjects: subjects };
  return only === undefined || only === ANY ? {} : { filter_subject: only };
}

function relied(ackWait: number): ConsumerConfig {
  return { ack_policy: "explicit", ack_wait: ackWait * NANOSECONDS, max_deliver: -1, backoff: [] };
}

/** The same consumer, made again so that it goes on at this place. */
export function beginningAt(config: ConsumerConfig, seq: number): ConsumerConfig {
  const { deliver_policy, opt_start_seq, opt_start_time, ...rest } = config;
  const before = JSON.stringify({ deliver_policy, opt_start_seq, opt_start_time });
  return {
    ...rest,
    ...startOf({ seq }),
    metadata: { ...config.metadata, [BEGAN]: config.metadata?.[BEGAN] ?? before },
  };
}

/** Where the consumer began at first, also if it was made again since. */
export function originalStart(config: ConsumerConfig): ConsumerConfig {
  const { [BEGAN]: before, ...metadata } = config.metadata ?? {};
  if (before === undefined) return config;
  const { deliver_policy: _, opt_start_seq: __, opt_start_time: ___, ...rest } = config;
  try {
    return { ...rest, ...JSON.parse(before), metadata };
  } catch {
    return config;
  }
}

function nanoseconds(given: Duration | undefined): number | undefined {
  return given === undefined ? undefined : asMilliseconds(given) * NANOSECONDS;
}

function defined(config: { [Field in keyof ConsumerConfig]: ConsumerConfig[Field] | undefined }) {
  return Object.fromEntries(
    Object.entries(config).filter(([, value]) => value !== undefined),
  ) as ConsumerConfig;
}
