/**
 * Errors about consumers: HTTP-like status, error code, and description, in which `{}` is the placeholder for details.
 */
export const CONSUMER_ERRORS = {
  consumerCreate: [500, 10012, "{}"],
  consumerNameExists: [400, 10013, "consumer name already in use"],
  consumerNotFound: [404, 10014, "consumer not found"],
  consumerDurableNameMismatch: [
    400,
    10017,
    "consumer name in subject does not match durable name in request",
  ],
  consumerDurableNameNotSet: [
    400,
    10018,
    "consumer expected to be durable but a durable name was not set",
  ],
  consumerEphemeralWithDurableName: [
    400,
    10020,
    "consumer expected to be ephemeral but a durable name was set in request",
  ],
  maximumConsumersLimit: [400, 10026, "maximum consumers limit reached"],
  consumerDeliverToWildcards: [400, 10079, "consumer deliver subject has wildcards"],
  consumerPushMaxWaiting: [400, 10080, "consumer in push mode can not set max waiting"],
  consumerDeliverCycle: [400, 10081, "consumer deliver subject forms a cycle"],
  consumerMaxPendingAckPolicyRequired: [
    400,
    10082,
    "consumer requires ack policy for max ack pending",
  ],
  consumerSmallHeartbeat: [400, 10083, "consumer idle heartbeat needs to be >= 100ms"],
  consumerPullRequiresAck: [
    400,
    10084,
    "consumer in pull mode requires explicit ack policy on workqueue stream",
  ],
  consumerPullWithRateLimit: [400, 10086, "consumer in pull mode can not have rate limit set"],
  consumerHeartbeatRequiresPush: [
    400,
    10088,
    "consumer idle heartbeat requires a push based consumer",
  ],
  consumerFlowControlRequiresPush: [
    400,
    10089,
    "consumer flow control requires a push based consumer",
  ],
  consumerDirectRequiresPush: [400, 10090, "consumer direct requires a push based consumer"],
  consumerDirectRequiresEphemeral: [
    400,
    10091,
    "consumer direct requires an ephemeral consumer",
  ],
  consumerInvalidPolicy: [400, 10094, "{}"],
  consumerInvalidSampling: [
    400,
    10095,
    "failed to parse consumer sampling configuration: {}",
  ],
  consumerWorkQueueRequiresExplicitAck: [400, 10098, "workqueue stream requires explicit ack"],
  consumerWorkQueueMultipleUnfiltered: [
    400,
    10099,
    "multiple non-filtered consumers not allowed on workqueue stream",
  ],
  consumerWorkQueueNotUnique: [
    400,
    10100,
    "filtered consumer not unique on workqueue stream",
  ],
  consumerWorkQueueNotDeliverAll: [
    400,
    10101,
    "consumer must be deliver all on workqueue stream",
  ],
  consumerNameTooLong: [400, 10102, "consumer name is too long, maximum allowed is {}"],
  consumerDescriptionTooLong: [
    400,
    10107,
    "consumer description is too long, maximum allowed is {}",
  ],
  consumerFlowControlNeedsHeartbeats: [
    400,
    10108,
    "consumer with flow control also needs heartbeats",
  ],
  consumerInvalidDeliverSubject: [400, 10112, "invalid push consumer deliver subject"],
  consumerMaxExpiresTooSmall: [400, 10115, "consumer max request expires needs to be >= 1ms"],
  consumerMaxDeliverBackoff: [
    400,
    10116,
    "max deliver is required to be > length of backoff values",
  ],
  consumerMaxAckPendingExcess: [
    400,
    10121,
    "consumer max ack pending exceeds system limit of {}",
  ],
  consumerReplicasExceedStream: [
    400,
    10126,
    "consumer config replica count exceeds parent stream",
  ],
  consumerNameContainsPathSeparators: [
    400,
    10127,
    "Consumer name can not contain path separators",
  ],
  consumerFilterMismatch: [
    400,
    10131,
    "Consumer create request did not match filtered subject from create subject",
  ],
  consumerDurableAndNameMismatch: [
    400,
    10132,
    "Consumer Durable and Name have to be equal if both are provided",
  ],
  consumerReplicasShouldMatchStream: [
    400,
    10134,
    "consumer config replicas must match interest retention stream's replicas",
  ],
  consumerMetadataLength: [400, 10135, "consumer metadata exceeds maximum size of {}"],
  consumerDuplicateFilters: [
    400,
    10136,
    "consumer cannot have both FilterSubject and FilterSubjects specified",
  ],
  consumerMultipleFiltersNotAllowed: [
    400,
    10137,
    "consumer with multiple subject filters cannot use subject based API",
  ],
  consumerOverlappingFilters: [400, 10138, "consumer subject filters cannot overlap"],
  consumerEmptyFilter: [400, 10139, "consumer filter in FilterSubjects cannot be empty"],
  consumerAlreadyExists: [400, 10148, "consumer already exists"],
  consumerDoesNotExist: [400, 10149, "consumer does not exist"],
  consumerInactiveThresholdExcess: [
    400,
    10153,
    "consumer inactive threshold exceeds system limit of {}",
  ],
  consumerPriorityWithoutGroup: [
    400,
    10159,
    "Setting PriorityPolicy requires at least one PriorityGroup to be set",
  ],
  consumerUnknownPriorityGroup: [
    400,
    10160,
    "Provided priority group does not exist for this consumer",
  ],
  consumerEmptyGroupName: [400, 10161, "Group name cannot be an empty string"],
  consumerInvalidGroupName: [
    400,
    10162,
    "Valid priority group name must match A-Z, a-z, 0-9, -_/=)+ and may not exceed 16 characters",
  ],
  consumerPushWithPriorityGroup: [
    400,
    10178,
    "priority groups can not be used with push consumers",
  ],
  consumerAckWaitNegative: [400, 10183, "consumer ack wait needs to be positive"],
  consumerBackoffNegative: [400, 10184, "consumer backoff needs to be positive"],
  consumerPriorityGroupWithoutPolicy: [
    400,
    10196,
    "consumer can not have priority groups when policy is none",
  ],
  consumerPinnedTtlWithoutPolicy: [
    400,
    10197,
    "PinnedTTL cannot be set when PriorityPolicy is none",
  ],
  consumerInvalidReset: [400, 10204, "invalid reset: {}"],
  consumerAckFlowControlRequiresPush: [
    400,
    10218,
    "flow control ack policy requires a push based consumer",
  ],
  consumerAckFlowControlRequiresFlowControl: [
    400,
    10219,
    "flow control ack policy requires flow control",
  ],
  consumerAckFlowControlRequiresMaxAckPending: [
    400,
    10220,
    "flow control ack policy requires max ack pending",
  ],
  consumerAckFlowControlRequiresNoAckWait: [
    400,
    10221,
    "flow control ack policy requires unset ack wait",
  ],
  consumerAckFlowControlRequiresNoMaxDeliver: [
    400,
    10222,
    "flow control ack policy requires unset max deliver",
  ],
} as const satisfies Record<string, readonly [code: number, number: number, description: string]>;
