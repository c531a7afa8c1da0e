import { NoRespondersError, RemoteError } from "../errors.ts";
import { type Message, MessageHeaders } from "../door/mod.ts";
import { JetStreamError, NotFoundError } from "../jetstream/api/errors.ts";
import type { CallOptions } from "../jetstream/api/js_api.ts";
import type { Entry } from "./entry.ts";
import type { OpenedBucket } from "./opened_bucket.ts";
import type { StoredEntry } from "./values.ts";

/** The answer to `STREAM.MSG.GET`. */
interface StoredAnswer {
  readonly message: {
    readonly subject: string;
    readonly seq: number;
    readonly time: string;
    /** In Base64, as are the headers. */
    readonly data?: string;
    readonly hdrs?: string;
  };
}

/** The last entry of a key, from any replica: it may not have the latest change. */
export async function lookup(
  bucket: OpenedBucket,
  key: string,
  options: CallOptions,
): Promise<Entry | undefined> {
  const stored = await lookupAnywhere(bucket, key, options);
  return stored && bucket.read(stored);
}

/** The same, undecoded. */
export async function lookupAnywhere(
  bucket: OpenedBucket,
  key: string,
  options: CallOptions,
): Promise<StoredEntry | undefined> {
  const { api, stream, subjectOf } = bucket;
  if (!bucket.isDirect) return await lookupStored(bucket, key, options);
  const subject = subjectOf(key);
  let answer: Message;
  try {
    answer = await api.request(`DIRECT.GET.${stream}.${subject}`, undefined, options, true);
  } catch (error) {
    // no server answers directly: the bucket does not permit it, or is missing. Or the value has headers of an error
    if (error instanceof NoRespondersError || error instanceof RemoteError) {
      return await lookupStored(bucket, key, options);
    }
    throw error;
  }
  return storedOf(answer, subject);
}

/** The last entry of a key, or one revision of it, from the leader. */
export async function lookupAtLeader(
  bucket: OpenedBucket,
  key: string,
  options: CallOptions,
  revision?: number,
): Promise<Entry | undefined> {
  const stored = await lookupStored(bucket, key, options, revision);
  return stored && bucket.read(stored);
}

/** The same, undecoded. */
export async function lookupStored(
  { api, stream, subjectOf, nameIn }: OpenedBucket,
  key: string,
  options: CallOptions,
  revision?: number,
): Promise<StoredEntry | undefined> {
  const subject = subjectOf(key);
  const request = revision === undefined ? { last_by_subj: subject } : { seq: revision };
  try {
    const { message } = await api.call<StoredAnswer>(`STREAM.MSG.GET.${stream}`, request, options);
    // the revision may belong to another key
    return message?.subject === subject ? storedMessage(message) : undefined;
  } catch (error) {
    if (error instanceof NotFoundError && error.kind === "message") return undefined;
    throw nameIn(error, `read "${key}"`);
  }
}

/** The headers of the first message at or after a sequence whose key matches the wildcard. */
export async function lookupNext(
  { api, stream, subjectOf }: OpenedBucket,
  wildcard: string,
  from: number,
  options: CallOptions,
): Promise<{ readonly seq: number; readonly headers: MessageHeaders } | undefined> {
  const request = { seq: from, next_by_subj: subjectOf(wildcard) };
  try {
    const { message } = await api.call<StoredAnswer>(`STREAM.MSG.GET.${stream}`, request, options);
    return { seq: message.seq, headers: MessageHeaders.parse(bytesOf(message.hdrs)) };
  } catch (error) {
    if (error instanceof NotFoundError && error.kind === "message") return undefined;
    throw error;
  }
}

function storedMessage(
  { subject, seq, time, data, hdrs }: StoredAnswer["message"],
): StoredEntry {
  const headers = hdrs === undefined ? undefined : MessageHeaders.parse(bytesOf(hdrs));
  return { subject, seq, time: new Date(time), data: bytesOf(data), headers };
}

/** The message in a direct get response; `undefined` if there is none. */
function storedOf(answer: Message, subject: string): StoredEntry | undefined {
  const { headers, data } = answer;
  if (headers.status === 404) return undefined;
  // a client may have stored headers of these names; the server's come last
  const said = (name: string) => headers.values(name).at(-1);
  const seq = Number(said("Nats-Sequence"));
  const time = new Date(said("Nats-Time-Stamp") ?? "");
  const isWhole = Number.isSafeInteger(seq) && seq > 0 && !Number.isNaN(time.getTime());
  if (isWhole && headers.status === 0 && said("Nats-Subject") === subject) {
    return { subject, data, headers, seq, time };
  }
  const rule = "an answer must be a stored message: it is not";
  throw new JetStreamError(`read "${subject}"`, rule, { code: headers.status });
}

function bytesOf(base64 = ""): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
