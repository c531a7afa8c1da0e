import type { Needs } from "../door/mod.ts";
import type { BucketOptions } from "./bucket_options.ts";
import { streamOf, subjectStart } from "./keys.ts";

/** The API prefix of the bucket's domain. */
function prefixOf({ domain }: BucketOptions): string {
  return domain === undefined ? "$JS.API" : `$JS.${domain}.API`;
}

/** The subjects to which watching keys publishes. */
export function watchNeeds(bucket: string, options: BucketOptions, wildcard: string): string[] {
  const prefix = prefixOf(options);
  const stream = streamOf(bucket);
  return [
    ...declareSubjects(bucket, options),
    `${prefix}.CONSUMER.CREATE.${stream}.*.${subjectStart(bucket)}${wildcard}`,
    `${prefix}.CONSUMER.MSG.NEXT.${stream}.*`,
    `${prefix}.CONSUMER.DELETE.${stream}.*`,
  ];
}

/** The permissions for every operation on a bucket. */
export function bucketNeeds(bucket: string, options: BucketOptions): Needs {
  const prefix = prefixOf(options);
  const stream = streamOf(bucket);
  const all = `${subjectStart(bucket)}>`;
  const writes = options.domain === undefined ? all : `${prefix}.${all}`;
  return {
    publish: [
      ...watchNeeds(bucket, options, ">"),
      `${prefix}.DIRECT.GET.${stream}.${all}`,
      `${prefix}.STREAM.MSG.GET.${stream}`,
      ...options.readOnly ? [] : [writes],
    ],
  };
}

function declareSubjects(bucket: string, options: BucketOptions): string[] {
  const { declare = "verify" } = options;
  const verbs =
    { leave: [], verify: [], create: ["CREATE"], update: ["CREATE", "UPDATE"] }[declare];
  return ["INFO", ...verbs].map((verb) =>
    `${prefixOf(options)}.STREAM.${verb}.${streamOf(bucket)}`
  );
}
