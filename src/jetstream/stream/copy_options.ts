import type { Duration } from "../../duration.ts";
import { checkOptions, count, describe, flag, record, type Rule, text } from "../../options.ts";
import type { StreamSource, SubjectTransform } from "../api/api_types.ts";

/** How subjects change on their way: what matches `src` becomes `dest`, as in `{ src: "a.*", dest: "b.{{wildcard(1)}}" }`. */
export interface TransformOptions {
  /** The subjects, with wildcards. */
  readonly src: string;
  /** What they become, with the functions of nats-server's subject mapping. */
  readonly dest: string;
}

/** Where a copy of each stored message is published as a plain message. */
export interface RepublishOptions extends TransformOptions {
  /**
   * Whether the copies have no body.
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
  /** The time of the first message to copy. */
  readonly optStartTime?: Date;
  /**
   * What to copy, with wildcards.
   *
   * @default {all}
   */
  readonly filterSubject?: string;
  /** How subjects change on their way. */
  readonly subjectTransforms?: readonly TransformOptions[];
  /** The beginning of the other account's API as it is imported here, for a stream of another account. */
  readonly external?: { readonly api: string; readonly deliver?: string };
}

/** Where a stream is placed in a cluster. */
export interface PlacementOptions {
  /** The name of the cluster. */
  readonly cluster?: string;
  /** Tags that its servers must have. */
  readonly tags?: readonly string[];
}

/** What consumers of a stream may ask for at most. */
export interface ConsumerLimitOptions {
  /** How long a consumer may be without a client. */
  readonly inactiveThreshold?: Duration;
  /** How many messages of a consumer may be on their way. */
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

/** A transform as the API has it. */
export function transformOf(action: string, options: TransformOptions): SubjectTransform {
  checkOptions(action, options, TRANSFORM_RULES);
  return { src: options.src, dest: options.dest };
}

/** What to republish as the API has it. */
export function republishOf(
  action: string,
  options: RepublishOptions,
): SubjectTransform & { headers_only?: boolean } {
  checkOptions(action, options, { ...TRANSFORM_RULES, headersOnly: flag });
  const { src, dest, headersOnly } = options;
  return { src, dest, ...headersOnly !== undefined && { headers_only: headersOnly } };
}

/** A source as the API has it. */
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

/** A place in a cluster as the API has it. */
export function placementOf(
  action: string,
  options: PlacementOptions,
): { cluster?: string; tags?: readonly string[] } {
  checkOptions(action, options, { cluster: text, tags: texts });
  return { ...options };
}
