import { ApiError, invalidConfig } from "../api/errors.ts";
import { isSubset, isValidSubject, overlap } from "../../subject.ts";
import { lengthOf, MAX_METADATA } from "../metadata.ts";
import { isValidName, MAX_DESCRIPTION, MAX_NAME } from "../names.ts";
import { takenIn } from "../subject_space.ts";
import { NANOSECONDS } from "../time.ts";
import { configOf, type StreamConfig, type StreamConfigRequest } from "./config.ts";
import {
  cannotCount,
  checkMirror,
  checkSources,
  GREATEST,
  type StreamConfigs,
} from "./config_copies.ts";
import { checkCycle } from "./config_cycle.ts";
import { checkRepublish, checkTransform } from "./config_transforms.ts";
import { SubjectTree } from "./subject_tree.ts";

type Draft = { -readonly [Name in keyof StreamConfig]: StreamConfig[Name] };

const MAX_REPLICAS = 5;
/** The minimum of `max_age` and `duplicate_window`, in nanoseconds. */
const LEAST = 100 * NANOSECONDS;
const WINDOW = 120_000 * NANOSECONDS;
const SECOND = 1_000 * NANOSECONDS;

/** Limits in which any value below 1 means no limit. */
const LIMITS = [
  "max_msgs",
  "max_msgs_per_subject",
  "max_bytes",
  "max_msg_size",
  "max_consumers",
] as const;

/**
 * The server's own subjects: streams with acknowledgements may not capture them, except for those listed as allowed.
 */
const RESERVED = [
  { subjects: ["$JS.>", "$JSC.>", "$NRG.>"], but: "$JS.EVENT.>", of: "jetstream" },
  { subjects: ["$SYS.>"], but: "$SYS.ACCOUNT.>", of: "system" },
] as const;

/**
 * Completes a request's configuration with the server's defaults; throws an {@linkcode ApiError} if it is invalid. `others`
 * looks up the configurations of existing streams.
 */
export function checkConfig(said: StreamConfigRequest, others: StreamConfigs): StreamConfig {
  const config: Draft = configOf(said);
  const pedantic = said.pedantic ?? false;
  checkTexts(config);
  checkReplicas(config);
  fillLimits(config, pedantic);
  fillWindow(config, pedantic);
  checkFeatures(config, pedantic);
  config.mirror_direct = checkMirror(config, others, pedantic);
  checkSources(config, others);
  checkCycle(config, others);
  if (config.subjects.length === 0 && !config.mirror && config.sources.length === 0) {
    config.subjects = [config.name];
  }
  checkSubjects(config);
  checkTransform(config);
  config.republish = checkRepublish(config, pedantic);
  if (config.placement?.preferred) {
    throw invalidConfig("preferred server not permitted in placement");
  }
  if (Object.values(config.placement ?? {}).every((part) => part.length === 0)) {
    config.placement = undefined;
  }
  return config;
}

function checkTexts({ name, description, metadata, first_seq }: Draft): void {
  if (!isValidName(name)) {
    throw invalidConfig("stream name is required and can not contain '.', '*', '>', '\\', '/'");
  }
  if (name.length > MAX_NAME) {
    throw invalidConfig(`stream name is too long, maximum allowed is ${MAX_NAME}`);
  }
  if (description.length > MAX_DESCRIPTION) {
    throw invalidConfig(`stream description is too long, maximum allowed is ${MAX_DESCRIPTION}`);
  }
  if (lengthOf(metadata) > MAX_METADATA) {
    throw invalidConfig(`stream metadata exceeds maximum size of ${MAX_METADATA} bytes`);
  }
  if (first_seq > GREATEST) throw cannotCount();
}

function checkReplicas(config: Draft): void {
  if (config.num_replicas === 0) config.num_replicas = 1;
  if (config.num_replicas > MAX_REPLICAS) {
    throw invalidConfig(`maximum replicas is ${MAX_REPLICAS}`);
  }
  if (config.num_replicas < 0) throw new ApiError("replicasCannotBeNegative");
}

function fillLimits(config: Draft, pedantic: boolean): void {
  for (const name of LIMITS) {
    if (config[name] > 0) continue;
    if (pedantic && config[name] < -1) {
      throw new ApiError("pedantic", `${name} must be set to -1`);
    }
    config[name] = -1;
  }
  if (config.max_age < 0) throw invalidConfig("max age can not be negative");
  if (config.max_age !== 0 && config.max_age < LEAST) {
    throw invalidConfig("max age needs to be >= 100ms");
  }
}

function fillWindow(config: Draft, pedantic: boolean): void {
  const { max_age, mirror, sources } = config;
  if (config.duplicate_window === 0 && !mirror && sources.length === 0) {
    const isShort = max_age !== 0 && max_age < WINDOW;
    if (isShort && pedantic) {
      throw new ApiError("pedantic", "duplicate window cannot be bigger than max age");
    }
    config.duplicate_window = isShort ? max_age : WINDOW;
  }
  const window = config.duplicate_window;
  if (window < 0) throw invalidConfig("duplicates window can not be negative");
  if (max_age !== 0 && window > max_age) {
    throw invalidConfig("duplicates window can not be larger then max age");
  }
  if (window > 0 && window < LEAST) throw invalidConfig("duplicates window needs to be >= 100ms");
}

function checkFeatures(config: Draft, pedantic: boolean): void {
  if (config.deny_purge && config.allow_rollup_hdrs) {
    throw invalidConfig("roll-ups require the purge permission");
  }
  if (config.allow_msg_counter) checkCounter(config);
  if (config.discard_new_per_subject) checkDiscardPerSubject(config);
  checkMarkers(config, pedantic);
  if (config.allow_msg_schedules) {
    if (config.discard === "new") throw invalidConfig("message scheduling cannot use discard new");
    allowRollup(config, pedantic, "message scheduling");
  }
  if (config.persist_mode === "async") {
    if (config.storage !== "file") {
      throw invalidConfig("async persist mode is only supported on file storage");
    }
    if (config.num_replicas > 1) {
      throw invalidConfig("async persist mode is not supported on replicated streams");
    }
    if (config.allow_atomic) {
      throw invalidConfig("async persist mode is not supported with atomic batch publish");
    }
  }
}

function checkCounter({ discard, allow_msg_ttl, allow_msg_schedules, retention }: Draft): void {
  if (discard === "new") throw invalidConfig("counter stream cannot use discard new");
  if (allow_msg_ttl) throw invalidConfig("counter stream cannot use message TTLs");
  if (allow_msg_schedules) throw invalidConfig("counter stream cannot use message schedules");
  if (retention !== "limits") throw invalidConfig("counter stream can only use limits retention");
}

function checkDiscardPerSubject({ discard, max_msgs_per_subject }: Draft): void {
  if (discard !== "new") {
    throw invalidConfig("discard new per subject requires discard new policy to be set");
  }
  if (max_msgs_per_subject <= 0) {
    throw invalidConfig("discard new per subject requires max msgs per subject > 0");
  }
}

function checkMarkers(config: Draft, pedantic: boolean): void {
  const ttl = config.subject_delete_marker_ttl;
  if (ttl < 0) throw invalidConfig("subject delete marker TTL must not be negative");
  if (ttl === 0) return;
  if (ttl < SECOND) throw invalidConfig("subject delete marker TTL must be at least 1 second");
  if (!config.allow_msg_ttl && pedantic) {
    throw invalidConfig("subject delete marker cannot be set if message TTLs are disabled");
  }
  config.allow_msg_ttl = true;
  allowRollup(config, pedantic, "subject delete marker");
}

function allowRollup(config: Draft, pedantic: boolean, what: string): void {
  if (config.allow_rollup_hdrs) return;
  if (pedantic) throw invalidConfig(`${what} cannot be set if roll-ups are disabled`);
  config.allow_rollup_hdrs = true;
  config.deny_purge = false;
}

function checkSubjects({ subjects, no_ack, num_replicas }: Draft): void {
  for (const subject of subjects) {
    if (!isValidSubject(subject)) throw invalidConfig("invalid subject");
    if (subject === ">" && !no_ack) {
      throw invalidConfig("capturing all subjects requires no-ack to be true");
    }
    if (subject === ">" && num_replicas !== 1) {
      throw invalidConfig("capturing all subjects requires replicas of 1");
    }
    if (!no_ack) checkReserved(subject);
  }
  checkOverlap(subjects);
}

/** Throws an {@linkcode ApiError} that names the first two overlapping subjects. */
function checkOverlap(subjects: readonly string[]): void {
  const later = new SubjectTree<string>();
  let found: [one: string, other: string] | undefined;
  for (const subject of subjects.toReversed()) {
    const other = takenIn(later, subject);
    if (other !== undefined) found = [subject, other];
    later.set(subject, subject);
  }
  if (found) throw invalidConfig(`subject "${found[0]}" overlaps with "${found[1]}"`);
}

function checkReserved(subject: string): void {
  for (const { subjects, but, of } of RESERVED) {
    if (!subjects.some((one) => overlap(subject, one)) || isSubset(subject, but)) continue;
    throw invalidConfig(`subjects that overlap with ${of} api require no-ack to be true`);
  }
}
