import { isValidLiteral, overlap } from "../../subject.ts";
import { ApiError } from "../api/errors.ts";
import { headerText, withHeader } from "../header_block.ts";
import type { Published } from "../message.ts";
import { HEADER } from "./header_names.ts";
import { readTtl } from "./message_ttl.ts";
import { type Due, dueAfter } from "./schedule_pattern.ts";
import type { Staged } from "./staged.ts";
import type { StreamConfig } from "./config.ts";
import type { StreamState } from "./state.ts";

/** The value of `Nats-Schedule-Next` that cancels a schedule. */
export const PURGE = "purge";

/**
 * Adds the rollup header with which a schedule replaces its predecessor; returns the headers of other messages
 * unchanged.
 */
export function scheduled(
  { config }: StreamState,
  { subject, headers }: Published,
  now: number,
): string {
  if (!isDue(config, headers, now)) return headers;
  const ttl = headerText(headers, HEADER.scheduleTtl);
  if (ttl !== "" && !isTtl(ttl)) throw new ApiError("scheduleTtlInvalid");
  const rollsUp = headerText(headers, HEADER.scheduleRollup);
  if (rollsUp !== "" && rollsUp !== "sub") throw new ApiError("scheduleRollupInvalid");
  if (ttl !== "" && !config.allow_msg_ttl) throw new ApiError("messageTtlDisabled");
  const target = headerText(headers, HEADER.scheduleTarget);
  if (target === subject || !isLiteral(target)) throw new ApiError("scheduleTargetInvalid");
  const source = headerText(headers, HEADER.scheduleSource);
  if (source !== "" && (source === target || source === subject || !isLiteral(source))) {
    throw new ApiError("scheduleSourceInvalid");
  }
  const takes = (one: string) => config.subjects.some((own) => overlap(own, one));
  if (!takes(target)) throw new ApiError("scheduleTargetInvalid");
  if (source !== "" && !takes(source)) throw new ApiError("scheduleSourceInvalid");
  const rollup = headerText(headers, HEADER.rollup).toLowerCase();
  if (rollup === "") return withHeader(headers, HEADER.rollup, "sub");
  if (rollup !== "sub") throw new ApiError("scheduleRollupInvalid");
  return headers;
}

/** Throws an {@linkcode ApiError} if the message cancels a schedule and is not allowed to. */
export function checkScheduler(
  { config, log }: StreamState,
  { subject, headers }: Published,
  staged?: Staged,
): void {
  const next = headerText(headers, HEADER.scheduleNext);
  const scheduler = headerText(headers, HEADER.scheduler);
  if (next === "") {
    if (scheduler !== "") throw new ApiError("schedulerInvalid");
    return;
  }
  if (next !== PURGE || scheduler === subject || !isLiteral(scheduler)) {
    throw new ApiError("schedulerInvalid");
  }
  if (!config.allow_msg_schedules) throw new ApiError("schedulesDisabled");
  const last = log.lastOf(scheduler);
  const isSchedule = staged?.isSchedule(scheduler) ??
    (!last || headerText(last.headers, HEADER.schedule) !== "");
  if (!isSchedule) throw new ApiError("schedulerInvalid");
}

function isDue(config: StreamConfig, headers: string, now: number): Due | undefined {
  try {
    const due = dueAfter(headers, now, now);
    if (due && !config.allow_msg_schedules) throw new ApiError("schedulesDisabled");
    return due;
  } catch (error) {
    throw config.allow_msg_schedules ? error : new ApiError("schedulesDisabled");
  }
}

function isTtl(text: string): boolean {
  try {
    readTtl(text);
    return true;
  } catch {
    return false;
  }
}

function isLiteral(subject: string): boolean {
  return isValidLiteral(subject) && !/[ \t\n\f\r]/.test(subject);
}
