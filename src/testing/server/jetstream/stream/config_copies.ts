import { isSubset, isValidLiteral, isValidSubject, overlap } from "../../subject.ts";
import { ApiError, type ApiErrorName, invalidConfig } from "../api/errors.ts";
import { isValidName } from "../names.ts";
import type { SourceConfig, StreamConfig } from "./config.ts";
import { checkMapping } from "./config_transforms.ts";

/** How the same faults of mirrors and of sources are named. */
interface Faults {
  readonly filters: ApiErrorName;
  readonly filter: ApiErrorName;
  readonly destination: ApiErrorName;
  readonly overlap: ApiErrorName;
  readonly consumer: ApiErrorName;
}

const MIRROR: Faults = {
  filters: "mirrorMultipleFilters",
  filter: "mirrorInvalidFilter",
  destination: "mirrorInvalidDestination",
  overlap: "mirrorOverlappingFilters",
  consumer: "mirrorConsumerInvalid",
};

const SOURCE: Faults = {
  filters: "sourceMultipleFilters",
  filter: "sourceInvalidFilter",
  destination: "sourceInvalidDestination",
  overlap: "sourceOverlappingFilters",
  consumer: "sourceConsumerInvalid",
};

/** Looks up the configuration of a stream by its name; `undefined` if the server has no such stream. */
export type StreamConfigs = (name: string) => StreamConfig | undefined;

/** The greatest sequence to begin with: greater ones would soon lose digits as JavaScript numbers. */
export const GREATEST: number = Number.MAX_SAFE_INTEGER / 2;

const OWN_API = "$JS.API";

/**
 * Throws an {@linkcode ApiError} if the mirror is invalid. Returns whether the mirror answers direct reads, which follows
 * its origin if the origin exists.
 */
export function checkMirror(
  config: StreamConfig,
  others: StreamConfigs,
  pedantic: boolean,
): boolean {
  const { mirror, mirror_direct } = config;
  if (!mirror) return mirror_direct;
  const { name = "", external } = mirror;
  if (config.first_seq > 0) throw new ApiError("mirrorWithFirstSequence");
  if (config.subjects.length > 0) throw new ApiError("mirrorWithSubjects");
  if (config.sources.length > 0) throw new ApiError("mirrorWithSources");
  if (config.allow_msg_counter) throw new ApiError("mirrorWithCounters");
  if (config.allow_atomic) throw new ApiError("mirrorWithAtomicPublish");
  if (config.allow_batched) throw new ApiError("mirrorWithBatchPublish");
  if (config.allow_msg_schedules) throw new ApiError("mirrorWithSchedules");
  checkConsumer(mirror, MIRROR);
  checkFilters(mirror, MIRROR);
  if (config.subject_delete_marker_ttl > 0) {
    throw invalidConfig("subject delete markers forbidden on mirrors");
  }
  checkTransforms(mirror, MIRROR, overlap);
  if (external) {
    checkElsewhere([mirror], others);
    return mirror_direct;
  }
  if (!isValidName(name)) throw new ApiError("mirrorInvalidStreamName");
  const origin = others(name);
  if (!origin) return mirror_direct;
  if (isTooLarge(config, origin)) throw new ApiError("mirrorMaximumMessageSizeTooBig");
  if (pedantic && mirror_direct !== origin.allow_direct) {
    throw new ApiError("pedantic", "origin stream has direct get set, mirror has it disabled");
  }
  return origin.allow_direct;
}

/** Whether the origin may hold messages that are too large for the stream. */
function isTooLarge({ max_msg_size: most }: StreamConfig, origin: StreamConfig): boolean {
  return most > 0 && origin.max_msg_size > 0 && most < origin.max_msg_size;
}

/** Throws an {@linkcode ApiError} if a source is invalid. */
export function checkSources(config: StreamConfig, others: StreamConfigs): void {
  const { sources } = config;
  if (sources.length === 0) return;
  if (config.allow_msg_schedules) throw new ApiError("sourceWithSchedules");
  const seen = new Set<string>();
  const consumers = new Set<string>();
  for (const source of sources) {
    const { name = "", filter_subject = "", subject_transforms = [], external, consumer } = source;
    if (!isValidName(name)) throw new ApiError("sourceInvalidStreamName");
    const key = JSON.stringify([name, filter_subject, subject_transforms, external]);
    if (seen.has(key)) throw new ApiError("sourceDuplicateDetected");
    seen.add(key);
    checkFilters(source, SOURCE);
    checkTransforms(source, SOURCE, isSubset);
    checkConsumer(source, SOURCE);
    if (consumer) {
      const own = JSON.stringify([name, consumer.name, external?.api]);
      if (consumers.has(own)) throw new ApiError("sourceConsumerDuplicate");
      consumers.add(own);
    }
    const origin = external ? undefined : others(name);
    if (origin && isTooLarge(config, origin)) throw new ApiError("sourceMaximumMessageSizeTooBig");
  }
  checkElsewhere(sources, others);
}

/** Throws an {@linkcode ApiError} for options that nats-server has and this server does not. */
export function refuseForeign({ mirror, sources }: StreamConfig): void {
  const copied = [...sources, ...mirror ? [mirror] : []];
  if (copied.some(({ consumer }) => consumer)) {
    throw invalidConfig("the embedded server has no mirrors and sources with a consumer");
  }
  if (copied.some(({ opt_start_seq = 0 }) => opt_start_seq > GREATEST)) throw cannotCount();
}

/** Makes the {@linkcode ApiError} for a start sequence that is too great. */
export function cannotCount(): ApiError {
  return invalidConfig("the embedded server cannot count sequences from there");
}

/** Checks the prefixes of sources in other domains and accounts. */
function checkElsewhere(sources: readonly SourceConfig[], others: StreamConfigs): void {
  const prefixes = (end: "api" | "deliver") =>
    sources.map(({ external }) => external?.[end] ?? "").filter((prefix) => prefix !== "");
  const taken = sources.flatMap(({ name, external }) =>
    external ? [] : others(name)?.subjects ?? []
  );
  for (const prefix of prefixes("deliver")) {
    if (!isLiteral(prefix)) throw new ApiError("streamExternalDeliveryInvalid", prefix);
    const hit = taken.find((subject) => overlap(subject, `${prefix}.${subject}`));
    if (hit === undefined) continue;
    throw new ApiError(
      "streamExternalDeliveryOverlaps",
      `${prefix} overlaps with stream subject ${hit}`,
    );
  }
  for (const prefix of prefixes("api")) {
    if (!isLiteral(prefix)) {
      const what = `"${prefix}" must be a valid subject without wildcards`;
      throw invalidConfig(`stream external api prefix ${what}`);
    }
    if (!overlap(prefix, OWN_API)) continue;
    throw new ApiError("streamExternalApiOverlaps", `${prefix} must not overlap with ${OWN_API}`);
  }
}

function isLiteral(subject: string): boolean {
  return isValidLiteral(subject) && isValidSubject(subject);
}

function checkConsumer(source: SourceConfig, { consumer: fault }: Faults): void {
  const { consumer, opt_start_seq = 0, opt_start_time, filter_subject = "" } = source;
  if (!consumer) return;
  const { name = "", deliver_subject = "" } = consumer;
  const isLimited = opt_start_seq !== 0 || opt_start_time !== undefined || filter_subject !== "";
  if (!isValidName(name) || !isLiteral(deliver_subject) || isLimited) throw new ApiError(fault);
}

function checkFilters(source: SourceConfig, { filters: fault }: Faults): void {
  const { filter_subject = "", subject_transforms = [] } = source;
  if (filter_subject !== "" && subject_transforms.length > 0) throw new ApiError(fault);
}

function checkTransforms(
  { subject_transforms = [] }: SourceConfig,
  faults: Faults,
  collide: (one: string, other: string) => boolean,
): void {
  for (const { src = "", dest = "" } of subject_transforms) {
    if (src !== "" && !isValidSubject(src)) {
      throw new ApiError(faults.filter, `invalid subject ${src}`);
    }
    checkMapping(src, dest, faults.destination);
  }
  for (const [i, { src: one = "" }] of subject_transforms.entries()) {
    const hits = ({ src = "" }, k: number) => k !== i && collide(one, src);
    if (subject_transforms.some(hits)) throw new ApiError(faults.overlap);
  }
}
