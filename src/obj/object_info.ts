import { encodeFields, type HeaderFields, isToken, MessageHeaders, pairsOf } from "../door/mod.ts";
import { normalDigest } from "./digest.ts";
import { ObjectError } from "./errors.ts";

/** Where a link leads: to an object, or to a whole bucket. */
export interface ObjectLink {
  /** The bucket. */
  readonly bucket: string;
  /** The object in it; `undefined` for the bucket itself. */
  readonly name?: string | undefined;
}

/** What is known of an object besides its bytes. */
export interface ObjectInfo {
  /** The name, any text. */
  readonly name: string;
  /** The bucket that holds it. */
  readonly bucket: string;
  /** What its chunks are stored under; another one for each put. */
  readonly id: string;
  /** Its length in bytes; 0 for a link. */
  readonly size: number;
  /** How many messages its bytes are stored as. */
  readonly chunks: number;
  /** How many bytes each of them has at most; `undefined` if whoever put it did not say. */
  readonly chunkSize: number | undefined;
  /** The SHA-256 of its bytes, as in `SHA-256=47DEQpj8…`; `undefined` for a link, or if it is of another kind. */
  readonly digest: string | undefined;
  /** When it was put, by the server's clock; by ours in what `put()` and `link()` give. */
  readonly time: Date;
  /** The sequence of its info in the bucket: a later one is a newer one. */
  readonly revision: number;
  /** A text for people. */
  readonly description: string | undefined;
  /** Headers, such as a content type. */
  readonly headers: MessageHeaders;
  /** Text by keys, for programs. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Where it leads, if it is a link. */
  readonly link: ObjectLink | undefined;
}

/** What the bucket has under a name: an object, a link, or what was deleted. */
export interface Entry {
  readonly info: ObjectInfo;
  readonly isDeleted: boolean;
}

/** Where an info was read. */
export interface InfoPlace {
  readonly bucket: string;
  readonly seq: number;
  readonly time: Date;
}

/** What a program says of an object when it puts it. */
export interface Description {
  readonly description?: string | undefined;
  readonly headers?: HeaderFields | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** An info on the wire, by ADR-20's names; `mtime` is for nats.js and nats-py, which do not read the message's time. */
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

/** Writes the info for the wire. */
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
 * Reads an info that any peer may have written.
 *
 * @throws {ObjectError} `unreadable`: it is no JSON, or has no sizes; or its id would reach into the chunks of others
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
  // what is purged is named by it: "*" or ">" would purge the chunks of every object
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

/** What stands for an info that nobody can read: it is there, and nobody knows which chunks are its own. */
export function unknownEntry(name: string, { bucket, seq, time }: InfoPlace): Entry {
  const sizes = { size: 0, chunks: 0, chunkSize: undefined, digest: undefined };
  const place = { name, bucket, id: "", time, revision: seq };
  return { info: { ...place, ...sizes, ...described({}), link: undefined }, isDeleted: false };
}

/**
 * What a program says of an object, as its info has it.
 *
 * @throws {TypeError} for a header that no message could have
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
