import { ApiError } from "../api/errors.ts";
import type { StreamConfig } from "./config.ts";

/** What is wrong with a mirror, were there any. */
export function checkMirror(config: StreamConfig): void {
  const { mirror } = config;
  if (!mirror) return;
  if (config.first_seq > 0) throw new ApiError("mirrorWithFirstSequence");
  if (config.subjects.length > 0) throw new ApiError("mirrorWithSubjects");
  if (config.sources.length > 0) throw new ApiError("mirrorWithSources");
  if (config.allow_msg_counter) throw new ApiError("mirrorWithCounters");
  if (config.allow_atomic) throw new ApiError("mirrorWithAtomicPublish");
  if (config.allow_batched) throw new ApiError("mirrorWithBatchPublish");
  if (config.allow_msg_schedules) throw new ApiError("mirrorWithSchedules");
  if (!isName(mirror.name)) throw new ApiError("mirrorInvalidStreamName");
}

/** What is wrong with sources, were there any. */
export function checkSources({ sources, allow_msg_schedules }: StreamConfig): void {
  if (sources.length === 0) return;
  if (allow_msg_schedules) throw new ApiError("sourceWithSchedules");
  const seen = new Set<string>();
  for (const source of sources) {
    if (!isName(source.name)) throw new ApiError("sourceInvalidStreamName");
    const key = JSON.stringify([source.name, source.filter_subject ?? "", source.external]);
    if (seen.has(key)) throw new ApiError("sourceDuplicateDetected");
    seen.add(key);
  }
}

/** Refuses what has nothing wrong with it: there are no mirrors and sources here. */
export function refuseCopies({ mirror, sources }: StreamConfig): void {
  if (mirror) throw new ApiError("streamInvalidConfig", "the embedded server has no mirrors");
  if (sources.length > 0) {
    throw new ApiError("streamInvalidConfig", "the embedded server has no sources");
  }
}

function isName(name: string | undefined): boolean {
  return name !== undefined && name !== "" && !/[ \t\r\n\f.*>\\/]/.test(name);
}
