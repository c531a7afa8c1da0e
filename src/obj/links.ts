import { ConflictError, NotFoundError } from "../jetstream/api/errors.ts";
import { newToken } from "../door/mod.ts";
import { describe } from "../options.ts";
import { Bucket } from "./bucket.ts";
import { ObjectError } from "./errors.ts";
import { Infos } from "./infos.ts";
import { BucketNames, checkObjectName } from "./names.ts";
import { described, type Entry, type ObjectInfo, type ObjectLink } from "./object_info.ts";

/** The longest chain of links: longer ones count as cycles. */
const MOST = 8;

/** An object, and the bucket that holds it. */
export interface Resolved {
  readonly bucket: Bucket;
  readonly info: ObjectInfo;
}

/**
 * Follows links to an object; `undefined` if the name does not exist. Never creates a bucket.
 *
 * @throws {NotFoundError} if a link's target does not exist
 * @throws {ObjectError} `link`: if one links to a whole bucket, or the links form a cycle
 */
export async function resolve(
  bucket: Bucket,
  action: string,
  name: string,
): Promise<Resolved | undefined> {
  let at: Resolved | undefined = await found(bucket, action, name);
  for (let links = 0; at?.info.link; links++) {
    const { bucket: target, name: object } = at.info.link;
    const here = { bucket: at.info.bucket, object: at.info.name };
    if (object === undefined) {
      const rule = `it must lead to an object: it is a link to the bucket "${target}"`;
      throw new ObjectError(action, "link", rule, here);
    }
    if (links === MOST) {
      throw new ObjectError(action, "link", `${MOST} links must lead to it: there are more`, here);
    }
    const next = targetOf(at.bucket, action, { bucket: target, name: object }, here);
    const led = `${action}, a link to "${object}" of "${target}"`;
    at = await found(next, led, object);
    if (!at) throw new NotFoundError(led, "object");
  }
  return at;
}

/** The target of a link; `bucket` defaults to the link's own. */
export type LinkTarget = { readonly bucket?: string; readonly name: string } | {
  readonly bucket: string;
  readonly name?: undefined;
};

/**
 * Writes a link under a free name, or replaces another link.
 *
 * @throws {NotFoundError} if the target does not exist
 * @throws {ObjectError} `link`: if the target is a link
 * @throws {ConflictError} if an object has the name
 */
export async function writeLink(
  bucket: Bucket,
  action: string,
  name: string,
  link: ObjectLink,
): Promise<ObjectInfo> {
  await checkTarget(bucket, action, link);
  const { clock } = bucket.api.access;
  const info: ObjectInfo = {
    name,
    bucket: bucket.names.bucket,
    id: newToken(),
    size: 0,
    chunks: 0,
    chunkSize: undefined,
    digest: undefined,
    time: new Date(clock.wallTime()),
    revision: 0,
    ...described({}),
    link,
  };
  const make = (current: Entry | undefined): Entry => {
    if (!current || current.isDeleted || current.info.link) return { info, isDeleted: false };
    throw new ConflictError(action, "no object must have the name: one has it");
  };
  return (await new Infos(bucket).replace({ action, name, make }))!;
}

/**
 * Checks a link's target.
 *
 * @throws {TypeError}
 */
export function linkOf(action: string, own: string, target: LinkTarget): ObjectLink {
  const { bucket, name } = Object(target) as Partial<ObjectLink>;
  if (bucket === undefined && name === undefined) {
    const rule = "a link must lead to { bucket, name }, either of them or both";
    throw new TypeError(`Cannot ${action} as ${rule}: ${describe(target)}`);
  }
  if (name !== undefined) checkObjectName(action, name);
  return { bucket: new BucketNames(action, bucket ?? own).bucket, name };
}

async function checkTarget(bucket: Bucket, action: string, link: ObjectLink): Promise<void> {
  const target = bucketOf(bucket, action, link.bucket);
  if (link.name === undefined) return await checkBucket(target, action);
  const at = await found(target, action, link.name);
  if (!at) throw new NotFoundError(action, "object");
  if (!at.info.link) return;
  const where = { bucket: link.bucket, object: link.name };
  throw new ObjectError(action, "link", "a link must not lead to a link: it would", where);
}

async function checkBucket(bucket: Bucket, action: string): Promise<void> {
  const asked = bucket.api.call(`STREAM.INFO.${bucket.names.stream}`);
  await asked.catch((error) => Promise.reject(bucket.nameIn(error, action)));
}

async function found(bucket: Bucket, action: string, name: string): Promise<Resolved | undefined> {
  const entry = await new Infos(bucket).read(action, name);
  return entry && !entry.isDeleted ? { bucket, info: entry.info } : undefined;
}

/** The bucket that a link names; another client may have written an invalid bucket or object name. */
function targetOf(
  bucket: Bucket,
  action: string,
  link: Required<ObjectLink>,
  where: { readonly bucket: string; readonly object: string },
): Bucket {
  try {
    checkObjectName(action, link.name);
    return bucketOf(bucket, action, link.bucket);
  } catch (cause) {
    const rule = "a link must lead to what has a valid name: it does not";
    throw new ObjectError(action, "link", rule, where, { cause });
  }
}

/** Another bucket, opened with the options of this one. */
function bucketOf(beside: Bucket, action: string, name: string): Bucket {
  if (name === beside.names.bucket) return beside;
  const { api, settings } = beside;
  const names = new BucketNames(`${action}, a link`, name);
  return new Bucket(api.access, names, { ...settings, declare: "leave" });
}
