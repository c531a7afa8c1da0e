import type { Duration } from "../../duration.ts";
import { checkOptions, count, describe, flag, record, type Rule, text } from "../../options.ts";
import type { StreamSource, SubjectTransform } from "../api/api_types.ts";

/** A subject mapping: subjects that match `src` become `dest`, as in `{ src: "a.*", dest: "b.{{wildcard(1)}}" }`. */
export interface TransformOptions {
  /** The source pattern, with wildcards. */
  readonly src: string;
  /** The destination, with the functions of nats-server's subject mapping. */
  readonly dest: string;
}

/** Where a copy of each stored message is published as a core NATS message. */
export interface RepublishOptions extends TransformOptions {
  /**
   * Whether to omit the bodies.
   *
   * @default {false}
   */
  readonly headersOnly?: boolean;
}

/** Another stream that this one copies. */
export interface SourceOptions {
  /** The name of the other stream. */
  readonly name: string;
  /**
   * The domain of the other stream.
   *
   * @default {that of this stream}
   */
  readonly domain?: string;
  /** The first sequence to copy. */
  readonly optStartSeq?: number;
  /** The start time: earlier messages are not copied. */
  readonly optStartTime?: Date;
  /**
   * A subject filter for the messages to copy.
   *
   * @default {all}
   */
  readonly filterSubject?: string;
  /** Mappings of the copied messages' subjects. */
  readonly subjectTransforms?: readonly TransformOptions[];
  /** For a stream of another account: the prefix under which that account's API is imported here. */
  readonly external?: { readonly api: string; readonly deliver?: string };
}

/** Where a stream is placed in a cluster. */
export interface PlacementOptions {
  /** The name of the cluster. */
  readonly cluster?: string;
  /** Tags that its servers must have. */
  readonly tags?: readonly string[];
}

/** Limits for the configuration of a stream's consumers. */
export interface ConsumerLimitOptions {
  /** The longest `inactiveThreshold` of a consumer. */
  readonly inactiveThreshold?: Duration;
  /** The largest `maxAckPending` of a consumer. */
  readonly maxAckPending?: number;
}

const date: Rule = (value) =>
  value instanceof Date && !Number.isNaN(value.getTime()) ? undefined : "a Date";

const texts: Rule = (value) =>
  Array.isArray(value) && value.every((one) => text(one) === undefined)
    ? undefined
    : "a list of texts";

const TRANSFORM_RULES = { src: text, dest: text };
const SOURCE_RULES = {
  name: text,
  domain: text,
  optStartSeq: count,
  optStartTime: date,
  filterSubject: text,
  subjectTransforms: (value: unknown) => Array.isArray(value) ? undefined : "a list of transforms",
  external: record,
};

/** Converts a transform to the API's form. */
export function transformOf(action: string, options: TransformOptions): SubjectTransform {
  checkOptions(action, options, TRANSFORM_RULES);
  return { src: options.src, dest: options.dest };
}

/** Converts republish options to the API's form. */
export function republishOf(
  action: string,
  options: RepublishOptions,
): SubjectTransform & { headers_only?: boolean } {
  checkOptions(action, options, { ...TRANSFORM_RULES, headersOnly: flag });
  const { src, dest, headersOnly } = options;
  return { src, dest, ...headersOnly !== undefined && { headers_only: headersOnly } };
}

/** Converts a source to the API's form. */
export function sourceOf(action: string, options: SourceOptions): StreamSource {
  checkOptions(action, options, SOURCE_RULES);
  const { name, domain, optStartSeq, optStartTime, filterSubject, subjectTransforms } = options;
  if (text(name) !== undefined) {
    throw new TypeError(`Cannot ${action} as "name" of a source must be given: ${describe(name)}`);
  }
  checkOptions(action, options.external, { api: text, deliver: text });
  const external = domain === undefined ? options.external : { api: `$JS.${domain}.API` };
  return {
    name,
    ...optStartSeq !== undefined && { opt_start_seq: optStartSeq },
    ...optStartTime && { opt_start_time: optStartTime.toISOString() },
    ...filterSubject !== undefined && { filter_subject: filterSubject },
    ...subjectTransforms && {
      subject_transforms: subjectTransforms.map((one) => transformOf(action, one)),
    },
    ...external && { external: { ...external } },
  };
}

/** Converts a placement to the API's form. */
export function placementOf(
  action: string,
  options: PlacementOptions,
): { cluster?: string; tags?: readonly string[] } {
  checkOptions(action, options, { cluster: text, tags: texts });
  return { ...options };
}
