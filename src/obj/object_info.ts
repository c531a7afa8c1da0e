import { encodeFields, type HeaderFields, isToken, MessageHeaders, pairsOf } from "../door/mod.ts";
import { normalDigest } from "./digest.ts";
import { ObjectError } from "./errors.ts";

/** The target of a link: an object, or a whole bucket. */
export interface ObjectLink {
  /** The bucket. */
  readonly bucket: string;
  /** The object's name; `undefined` for a link to the bucket itself. */
  readonly name?: string | undefined;
}

/** An object's metadata. */
export interface ObjectInfo {
  /** The name, any text. */
  readonly name: string;
  /** The bucket that holds it. */
  readonly bucket: string;
  /** The id under which its chunks are stored; a new one for each put. */
  readonly id: string;
  /** Its length in bytes; 0 for a link. */
  readonly size: number;
  /** The number of messages that hold its bytes. */
  readonly chunks: number;
  /** The most bytes per chunk; `undefined` if the client that put it did not say. */
  readonly chunkSize: number | undefined;
  /** The SHA-256 of its bytes, as in `SHA-256=47DEQpj8…`; `undefined` for a link, or if it has no SHA-256. */
  readonly digest: string | undefined;
  /** When it was put, by the server's clock; in the results of `put()` and `link()`, by the local clock. */
  readonly time: Date;
  /** The sequence of its info in the bucket, which grows with each change. */
  readonly revision: number;
  /** A human-readable description. */
  readonly description: string | undefined;
  /** Headers, such as a content type. */
  readonly headers: MessageHeaders;
  /** Custom metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The target, if it is a link. */
  readonly link: ObjectLink | undefined;
}

/** The entry of a name: an object, a link, or a deletion. */
export interface Entry {
  readonly info: ObjectInfo;
  readonly isDeleted: boolean;
}

/** The place from which an info was read. */
export interface InfoPlace {
  readonly bucket: string;
  readonly seq: number;
  readonly time: Date;
}

/** The program's description of an object that it puts. */
export interface Description {
  readonly description?: string | undefined;
  readonly headers?: HeaderFields | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** The JSON of an info (ADR-20); `mtime` is for nats.js and nats-py, which do not use the message's time. */
interface WireInfo {
  readonly name: string;
  readonly description?: string | undefined;
  readonly headers?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly options?: {
    readonly link?: { readonly bucket: string; readonly name?: string | undefined } | undefined;
    readonly max_chunk_size?: number | undefined;
  } | undefined;
  readonly bucket: string;
  readonly nuid: string;
  readonly size: number;
  readonly chunks: number;
  readonly digest?: string | undefined;
  readonly mtime: string;
  readonly deleted?: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Encodes an info. */
export function encodeInfo({ info, isDeleted }: Entry): Uint8Array {
  const { link, chunkSize, metadata, headers } = info;
  const wire: WireInfo = {
    name: info.name,
    description: info.description,
    headers: listsOf(headers),
    metadata: Object.keys(metadata).length > 0 ? metadata : undefined,
    options: link || chunkSize ? { link, max_chunk_size: chunkSize } : undefined,
    bucket: info.bucket,
    nuid: info.id,
    size: info.size,
    chunks: info.chunks,
    digest: info.digest ?? (isDeleted ? "" : undefined),
    mtime: info.time.toISOString(),
    ...isDeleted && { deleted: true },
  };
  return encoder.encode(JSON.stringify(wire));
}

/**
 * Decodes an info, which any client may have written.
 *
 * @throws {ObjectError} `unreadable`: it is not JSON, lacks its sizes, or has an id that would match other objects'
 * chunks
 */
export function decodeInfo(
  action: string,
  name: string,
  data: Uint8Array,
  place: InfoPlace,
): Entry {
  const { bucket, seq, time } = place;
  const refuse = (rule: string, cause?: unknown) =>
    new ObjectError(action, "unreadable", rule, { bucket, object: name }, { cause });
  let wire: Partial<Record<keyof WireInfo, unknown>>;
  try {
    wire = Object(JSON.parse(decoder.decode(data)));
  } catch (cause) {
    throw refuse("its info must be JSON: it is not", cause);
  }
  const isDeleted = wire.deleted === true;
  const link = linkOf(wire);
  const found = typeof wire.name === "string" && wire.name !== "" ? wire.name : name;
  const { nuid = "", size = 0, chunks = 0 } = wire;
  // purges use the id in a subject: "*" or ">" would purge the chunks of every object
  const hasId = isToken(nuid) || (nuid === "" && (link !== undefined || isDeleted));
  if (!hasId) throw refuse("its id must be one token of a subject: it is not");
  if (!isLength(size) || !isLength(chunks)) throw refuse("its sizes must be numbers: they are not");
  const info: ObjectInfo = {
    name: found,
    bucket,
    id: nuid as string,
    size,
    chunks,
    chunkSize: positive(Object(wire.options).max_chunk_size),
    digest: normalDigest(wire.digest),
    time,
    revision: seq,
    description: textOf(wire.description),
    headers: headersOf(wire.headers),
    metadata: recordOf(wire.metadata),
    link,
  };
  return { info, isDeleted };
}

/** A placeholder for an unreadable info: it exists, and its chunks are unknown. */
export function unknownEntry(name: string, { bucket, seq, time }: InfoPlace): Entry {
  const sizes = { size: 0, chunks: 0, chunkSize: undefined, digest: undefined };
  const place = { name, bucket, id: "", time, revision: seq };
  return { info: { ...place, ...sizes, ...described({}), link: undefined }, isDeleted: false };
}

/**
 * Converts the program's description to the fields of an info.
 *
 * @throws {TypeError} for an invalid header
 */
export function described(
  { description, headers, metadata = {} }: Description,
): Pick<ObjectInfo, "description" | "headers" | "metadata"> {
  const pairs = headers ? pairsOf(headers) : [];
  encodeFields(pairs);
  const fields = MessageHeaders.from(pairs);
  return { description, headers: fields, metadata: { ...metadata } };
}

function linkOf({ options }: { readonly options?: unknown }): ObjectLink | undefined {
  const { link } = Object(options) as { readonly link?: unknown };
  const { bucket, name } = Object(link) as { readonly bucket?: unknown; readonly name?: unknown };
  if (typeof bucket !== "string" || bucket === "") return undefined;
  return { bucket, name: textOf(name) };
}

function listsOf(headers: MessageHeaders): WireInfo["headers"] {
  const lists = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const same = lists.get(name);
    if (same) same.push(value);
    else lists.set(name, [value]);
  }
  return lists.size > 0 ? Object.fromEntries(lists) : undefined;
}

function headersOf(given: unknown): MessageHeaders {
  const pairs = Object.entries(Object(given)).flatMap(([name, values]) =>
    (Array.isArray(values) ? values : [values])
      .filter((value) => typeof value === "string")
      .map((value): [string, string] => [name, value])
  );
  return MessageHeaders.from(pairs);
}

function recordOf(given: unknown): Readonly<Record<string, string>> {
  const pairs = Object.entries(Object(given)).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(pairs) as Record<string, string>;
}

function textOf(given: unknown): string | undefined {
  return typeof given === "string" && given !== "" ? given : undefined;
}

function isLength(given: unknown): given is number {
  return Number.isSafeInteger(given) && (given as number) >= 0;
}

function positive(given: unknown): number | undefined {
  return isLength(given) && given > 0 ? given : undefined;
}
