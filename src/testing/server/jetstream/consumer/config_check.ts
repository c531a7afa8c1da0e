import { hasWildcard, isSubset, isValidSubject } from "../../subject.ts";
import { ApiError, invalidConfig } from "../api/errors.ts";
import { lengthOf, MAX_METADATA } from "../metadata.ts";
import { isValidName, MAX_DESCRIPTION } from "../names.ts";
import type { StreamConfig } from "../stream/config.ts";
import { NANOSECONDS, writeDuration } from "../time.ts";
import { type ConsumerConfig, filtersOf, isPush } from "./config.ts";
import { checkStart } from "./config_start.ts";

const LEAST_HEARTBEAT = 100 * NANOSECONDS;
/** The heartbeat that the ack policy `flow_control` requires, in nanoseconds. */
export const FLOW_CONTROL_HEARTBEAT: number = 1_000 * NANOSECONDS;
const GROUP_NAME = /^[a-zA-Z0-9/_=-]{1,16}$/;

/**
 * Throws an {@linkcode ApiError} for a configuration that is invalid for that stream. Expects defaults to be filled in.
 */
export function checkConfig(config: ConsumerConfig, stream: StreamConfig): void {
  checkNames(config);
  checkReplicas(config, stream);
  checkAcknowledging(config);
  if (config.description.length > MAX_DESCRIPTION) {
    throw new ApiError("consumerDescriptionTooLong", MAX_DESCRIPTION);
  }
  if (isPush(config)) checkPush(config, stream);
  else checkPull(config, stream);
  checkLimits(config, stream);
  checkFilters(config);
  checkStart(config);
  checkSampling(config);
  if (config.flow_control && config.idle_heartbeat === 0) {
    throw new ApiError("consumerFlowControlNeedsHeartbeats");
  }
  const { durable_name, name } = config;
  if (durable_name !== "" && name !== "" && durable_name !== name) {
    throw new ApiError("consumerDurableAndNameMismatch");
  }
  if (lengthOf(config.metadata) > MAX_METADATA) {
    throw new ApiError("consumerMetadataLength", `${MAX_METADATA / 1_024}KB`);
  }
  checkPriority(config);
}

/** Whether the name is valid for a priority group. */
export function isGroupName(name: string): boolean {
  return GROUP_NAME.test(name);
}

function checkNames({ name, durable_name }: ConsumerConfig): void {
  const rule = "can not contain '.', '*', '>', '\\', '/'";
  if (name !== "" && !isValidName(name)) throw invalidConfig(`consumer name ${rule}`);
  if (durable_name !== "" && !isValidName(durable_name)) {
    throw invalidConfig(`consumer durable name ${rule}`);
  }
}

function checkReplicas({ num_replicas: replicas }: ConsumerConfig, stream: StreamConfig): void {
  if (replicas > 0 && replicas > stream.num_replicas) {
    throw new ApiError("consumerReplicasExceedStream");
  }
  if (replicas < 0) throw new ApiError("replicasCannotBeNegative");
  if (stream.retention !== "limits" && replicas !== 0 && replicas !== stream.num_replicas) {
    throw new ApiError("consumerReplicasShouldMatchStream");
  }
}

function checkAcknowledging(config: ConsumerConfig): void {
  const { ack_policy, ack_wait, backoff, max_deliver, max_ack_pending } = config;
  if (backoff.some((wait) => wait < 0)) throw new ApiError("consumerBackoffNegative");
  if (ack_wait < 0) throw new ApiError("consumerAckWaitNegative");
  if (ack_policy === "flow_control") {
    if (!isPush(config)) throw new ApiError("consumerAckFlowControlRequiresPush");
    if (!config.flow_control) throw new ApiError("consumerAckFlowControlRequiresFlowControl");
    if (config.idle_heartbeat !== FLOW_CONTROL_HEARTBEAT) {
      throw invalidConfig("flow control ack policy heartbeat needs to be 1s");
    }
    if (max_ack_pending <= 0) throw new ApiError("consumerAckFlowControlRequiresMaxAckPending");
    if (ack_wait !== 0 || backoff.length > 0) {
      throw new ApiError("consumerAckFlowControlRequiresNoAckWait");
    }
    if (max_deliver > 0) throw new ApiError("consumerAckFlowControlRequiresNoMaxDeliver");
  }
  if (backoff.length > 0 && max_deliver !== -1 && backoff.length > max_deliver) {
    throw new ApiError("consumerMaxDeliverBackoff");
  }
}

function checkPush(config: ConsumerConfig, stream: StreamConfig): void {
  const { deliver_subject: subject, idle_heartbeat } = config;
  if (hasWildcard(subject)) throw new ApiError("consumerDeliverToWildcards");
  if (!isValidSubject(subject)) throw new ApiError("consumerInvalidDeliverSubject");
  if (stream.subjects.some((taken) => isSubset(subject, taken))) {
    throw new ApiError("consumerDeliverCycle");
  }
  if (config.max_waiting !== 0) throw new ApiError("consumerPushMaxWaiting");
  if (config.max_ack_pending > 0 && config.ack_policy === "none") {
    throw new ApiError("consumerMaxPendingAckPolicyRequired");
  }
  if (idle_heartbeat > 0 && idle_heartbeat < LEAST_HEARTBEAT) {
    throw new ApiError("consumerSmallHeartbeat");
  }
}

function checkPull(config: ConsumerConfig, { retention }: StreamConfig): void {
  if (config.ack_policy === "none" && retention === "workqueue") {
    throw new ApiError("consumerPullRequiresAck");
  }
  if (config.rate_limit_bps > 0) throw new ApiError("consumerPullWithRateLimit");
  if (config.idle_heartbeat > 0) throw new ApiError("consumerHeartbeatRequiresPush");
  if (config.flow_control) throw new ApiError("consumerFlowControlRequiresPush");
  if (config.max_expires !== 0 && config.max_expires < NANOSECONDS) {
    throw new ApiError("consumerMaxExpiresTooSmall");
  }
}

function checkLimits(config: ConsumerConfig, { consumer_limits }: StreamConfig): void {
  const { max_ack_pending = 0, inactive_threshold = 0 } = consumer_limits;
  if (max_ack_pending > 0 && config.max_ack_pending > max_ack_pending) {
    throw new ApiError("consumerMaxAckPendingExcess", max_ack_pending);
  }
  if (inactive_threshold > 0 && config.inactive_threshold > inactive_threshold) {
    throw new ApiError("consumerInactiveThresholdExcess", writeDuration(inactive_threshold));
  }
  if (!config.direct) return;
  if (!isPush(config)) throw new ApiError("consumerDirectRequiresPush");
  if (config.durable_name !== "") throw new ApiError("consumerDirectRequiresEphemeral");
}

function checkFilters(config: ConsumerConfig): void {
  const { filter_subject, filter_subjects } = config;
  if (filter_subject !== "" && filter_subjects.length > 0) {
    throw new ApiError("consumerDuplicateFilters");
  }
  const badSubject = () => invalidConfig("invalid subject");
  if (filter_subject !== "" && !isValidSubject(filter_subject)) throw badSubject();
  if (filter_subjects.includes("")) throw new ApiError("consumerEmptyFilter");
  const filters = filtersOf(config);
  for (const [i, filter] of filters.entries()) {
    if (!isValidSubject(filter)) throw badSubject();
    if (filters.some((other, j) => i !== j && isSubset(filter, other))) {
      throw new ApiError("consumerOverlappingFilters");
    }
  }
}

function checkSampling({ sample_freq: frequency }: ConsumerConfig): void {
  if (frequency === "") return;
  const digits = frequency.replace(/%$/, "");
  if (/^[+-]?\d{1,18}$/.test(digits) && Number(digits) >= 0) return;
  throw new ApiError(
    "consumerInvalidSampling",
    Number(digits) < 0
      ? "<nil>"
      : `strconv.Atoi: parsing ${JSON.stringify(digits)}: invalid syntax`,
  );
}

function checkPriority(config: ConsumerConfig): void {
  const { priority_policy, priority_groups: groups, priority_timeout } = config;
  if (priority_policy === "none") {
    if (groups.length > 0) throw new ApiError("consumerPriorityGroupWithoutPolicy");
    if (priority_timeout > 0) throw new ApiError("consumerPinnedTtlWithoutPolicy");
    return;
  }
  if (isPush(config)) throw new ApiError("consumerPushWithPriorityGroup");
  if (groups.length === 0) throw new ApiError("consumerPriorityWithoutGroup");
  for (const group of groups) {
    if (group === "") throw new ApiError("consumerEmptyGroupName");
    if (!isGroupName(group)) throw new ApiError("consumerInvalidGroupName");
  }
}
