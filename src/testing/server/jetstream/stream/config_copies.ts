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

/** What is wrong with a mirror, were there any. */
export function checkMirror(config: StreamConfig): void {
  const { mirror } = config;
  if (!mirror) return;
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
  if (!external && !isValidName(name)) throw new ApiError("mirrorInvalidStreamName");
}

/** What is wrong with sources, were there any. */
export function checkSources({ sources, allow_msg_schedules }: StreamConfig): void {
  if (sources.length === 0) return;
  if (allow_msg_schedules) throw new ApiError("sourceWithSchedules");
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
    if (!consumer) continue;
    const own = JSON.stringify([name, consumer.name, external?.api]);
    if (consumers.has(own)) throw new ApiError("sourceConsumerDuplicate");
    consumers.add(own);
  }
}

/** Refuses what has nothing wrong with it: there are no mirrors and sources here. */
export function refuseCopies({ mirror, sources }: StreamConfig): void {
  if (mirror) throw invalidConfig("the embedded server has no mirrors");
  if (sources.length > 0) throw invalidConfig("the embedded server has no sources");
}

function checkConsumer(source: SourceConfig, { consumer: fault }: Faults): void {
  const { consumer, opt_start_seq = 0, opt_start_time, filter_subject = "" } = source;
  if (!consumer) return;
  const { name = "", deliver_subject = "" } = consumer;
  const isLiteral = isValidLiteral(deliver_subject) && isValidSubject(deliver_subject);
  const isLimited = opt_start_seq !== 0 || opt_start_time !== undefined || filter_subject !== "";
  if (!isValidName(name) || !isLiteral || isLimited) throw new ApiError(fault);
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
