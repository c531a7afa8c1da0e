import { CONSUMER_ERRORS } from "./consumer_errors.ts";

/** All API errors: HTTP-like status, error code, and description, in which `{}` is the placeholder for details. */
const ERRORS = {
  ...CONSUMER_ERRORS,
  badRequest: [400, 10003, "bad request"],
  snapshotSubjectInvalid: [400, 10015, "deliver subject not valid"],
  clusterRequired: [503, 10010, "JetStream clustering support required"],
  insufficientResources: [503, 10023, "insufficient resources"],
  invalidJson: [400, 10025, "invalid JSON: {}"],
  memoryResourcesExceeded: [500, 10028, "insufficient memory resources available"],
  mirrorMaximumMessageSizeTooBig: [
    400,
    10030,
    "stream mirror must have max message size >= source",
  ],
  mirrorWithSources: [400, 10031, "stream mirrors can not also contain other sources"],
  mirrorWithSubjects: [400, 10034, "stream mirrors can not contain subjects"],
  noMessageFound: [404, 10037, "no message found"],
  notEmptyRequest: [400, 10038, "expected an empty request payload"],
  sequenceNotFound: [400, 10043, "sequence {} not found"],
  streamExternalApiOverlaps: [400, 10021, "stream external api prefix {}"],
  streamExternalDeliveryOverlaps: [400, 10022, "stream external delivery prefix {}"],
  streamExternalDeliveryInvalid: [
    400,
    10024,
    "stream external delivery prefix {} must not contain wildcards",
  ],
  sourceMaximumMessageSizeTooBig: [
    400,
    10046,
    "stream source must have max message size >= target",
  ],
  storageResourcesExceeded: [500, 10047, "insufficient storage resources available"],
  streamInvalidConfig: [500, 10052, "{}"],
  streamMessageExceedsMaximum: [400, 10054, "message size exceeds maximum allowed"],
  streamMirrorNotUpdatable: [400, 10055, "stream mirror configuration can not be updated"],
  streamMismatch: [400, 10056, "stream name in subject does not match request"],
  streamMessageDeleteFailed: [500, 10057, "{}"],
  streamNameExists: [400, 10058, "stream name already in use with a different configuration"],
  streamNotFound: [404, 10059, "stream not found"],
  streamNotMatch: [400, 10060, "expected stream does not match"],
  restoreFailed: [500, 10062, "restore failed: {}"],
  snapshotFailed: [500, 10064, "snapshot failed: {}"],
  streamSubjectOverlap: [400, 10065, "subjects overlap with an existing stream"],
  streamUpdate: [500, 10069, "{}"],
  streamWrongLastMessageId: [400, 10070, "wrong last msg ID: {}"],
  streamWrongLastSequence: [400, 10071, "wrong last sequence: {}"],
  streamReplicasNotSupported: [500, 10074, "replicas > 1 not supported in non-clustered mode"],
  streamStoreFailed: [503, 10077, "{}"],
  streamHeaderExceedsMaximum: [400, 10097, "header size exceeds maximum allowed of 64k"],
  streamSealed: [400, 10109, "invalid operation on sealed stream"],
  streamPurgeFailed: [500, 10110, "{}"],
  streamRollupFailed: [500, 10111, "{}"],
  streamNameContainsPathSeparators: [400, 10128, "Stream name can not contain path separators"],
  restoreNameExists: [400, 10130, "stream name already in use, cannot restore"],
  replicasCannotBeNegative: [400, 10133, "replicas count cannot be negative"],
  sourceDuplicateDetected: [400, 10140, "duplicate source configuration detected"],
  sourceInvalidStreamName: [400, 10141, "sourced stream name is invalid"],
  sourceMultipleFilters: [
    400,
    10144,
    "source with multiple subject transforms cannot also have a single subject filter",
  ],
  sourceInvalidFilter: [400, 10145, "source transform source: {}"],
  sourceInvalidDestination: [400, 10146, "source transform: {}"],
  sourceOverlappingFilters: [400, 10147, "source filters can not overlap"],
  mirrorMultipleFilters: [
    400,
    10150,
    "mirror with multiple subject transforms cannot also have a single subject filter",
  ],
  mirrorInvalidFilter: [400, 10151, "mirror transform source: {}"],
  mirrorOverlappingFilters: [400, 10152, "mirror subject filters can not overlap"],
  mirrorInvalidDestination: [400, 10154, "mirror transform: {}"],
  mirrorInvalidStreamName: [400, 10142, "mirrored stream name is invalid"],
  mirrorWithFirstSequence: [400, 10143, "stream mirrors can not have first sequence configured"],
  streamTransformInvalidSource: [400, 10155, "stream transform source: {}"],
  streamTransformInvalidDestination: [400, 10156, "stream transform: {}"],
  pedantic: [400, 10157, "pedantic mode: {}"],
  streamWrongLastSequenceConstant: [400, 10164, "wrong last sequence"],
  messageTtlInvalid: [400, 10165, "invalid per-message TTL"],
  messageTtlDisabled: [400, 10166, "per-message TTL is disabled"],
  counterDisabled: [400, 10168, "message counters is disabled"],
  counterIncrementMissing: [400, 10169, "message counter increment is missing"],
  counterPayload: [400, 10170, "message counter has payload"],
  counterIncrementInvalid: [400, 10171, "message counter increment is invalid"],
  counterBroken: [400, 10172, "message counter is broken"],
  mirrorWithCounters: [400, 10173, "stream mirrors can not also calculate counters"],
  batchDisabled: [400, 10174, "atomic publish is disabled"],
  batchSequenceMissing: [400, 10175, "atomic publish sequence is missing"],
  batchIncomplete: [400, 10176, "atomic publish batch is incomplete"],
  batchUnsupportedHeader: [400, 10177, "atomic publish unsupported header used: {}"],
  batchInvalidId: [400, 10179, "atomic publish batch ID is invalid"],
  requiredApiLevel: [412, 10185, "JetStream minimum api level required"],
  mirrorWithSchedules: [400, 10186, "stream mirrors can not also schedule messages"],
  sourceWithSchedules: [400, 10187, "stream source can not also schedule messages"],
  schedulesDisabled: [400, 10188, "message schedules is disabled"],
  schedulePatternInvalid: [400, 10189, "message schedules pattern is invalid"],
  scheduleTargetInvalid: [400, 10190, "message schedules target is invalid"],
  scheduleTtlInvalid: [400, 10191, "message schedules invalid per-message TTL"],
  scheduleRollupInvalid: [400, 10192, "message schedules invalid rollup"],
  streamExpectedLastSubjectSequenceInvalid: [
    400,
    10193,
    "missing sequence for expected last sequence per subject",
  ],
  mirrorWithAtomicPublish: [400, 10198, "stream mirrors can not also use atomic publishing"],
  batchTooLarge: [400, 10199, "atomic publish batch is too large: {}"],
  batchInvalidCommit: [400, 10200, "atomic publish batch commit is invalid"],
  batchDuplicateMessage: [400, 10201, "atomic publish batch contains duplicate message id"],
  scheduleSourceInvalid: [400, 10203, "message schedules source is invalid"],
  fastBatchDisabled: [400, 10205, "batch publish is disabled"],
  fastBatchInvalidPattern: [400, 10206, "batch publish pattern is invalid"],
  fastBatchInvalidId: [400, 10207, "batch publish ID is invalid"],
  fastBatchUnknownId: [400, 10208, "batch publish ID unknown"],
  mirrorWithBatchPublish: [400, 10209, "stream mirrors can not also use batch publishing"],
  batchTooManyInFlight: [429, 10210, "atomic publish too many inflight"],
  fastBatchTooManyInFlight: [429, 10211, "batch publish too many inflight"],
  schedulerInvalid: [400, 10212, "message schedules invalid scheduler"],
  mirrorConsumerInvalid: [400, 10213, "stream mirror consumer config is invalid"],
  sourceConsumerInvalid: [400, 10215, "stream source consumer config is invalid"],
  sourceConsumerDuplicate: [400, 10216, "duplicate stream source consumer detected"],
  scheduleTimeZoneInvalid: [400, 10223, "message schedules time zone is invalid"],
  messageSourceNotAllowed: [400, 10227, "message stream source header is not allowed"],
} as const satisfies Record<string, readonly [code: number, number: number, description: string]>;

/** The names of the API errors, as this folder uses them. */
export type ApiErrorName = keyof typeof ERRORS;

/** An error that the API sends to the client. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  readonly number: number;

  /** `details` replaces the placeholder of the description. */
  constructor(name: ApiErrorName, details: string | number = "") {
    const [code, number, description] = ERRORS[name];
    super(description.replace("{}", () => String(details)));
    this.code = code;
    this.number = number;
  }

  /** The error as a response contains it. */
  toJSON(): { code: number; err_code: number; description: string } {
    return { code: this.code, err_code: this.number, description: this.message };
  }
}

/** An {@linkcode ApiError} that says why a configuration is invalid. */
export function invalidConfig(why: string): ApiError {
  return new ApiError("streamInvalidConfig", why);
}
