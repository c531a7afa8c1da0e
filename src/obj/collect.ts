import { asMilliseconds, type Duration } from "../duration.ts";
import { checkOptions, milliseconds, type Rules } from "../options.ts";
import type { StreamInfo } from "../jetstream/api/api_types.ts";
import { OrderedRead } from "../jetstream/read/ordered_read.ts";
import type { Bucket } from "./bucket.ts";
import { purgeChunks } from "./infos.ts";
import { entriesOf } from "./list.ts";

/** Which chunks count as abandoned. */
export interface CollectOptions {
  /**
   * How long an upload must have stored nothing to count as abandoned. An upload in another process that pauses for
   * longer fails.
   *
   * @default {"1h"}
   */
  readonly olderThan?: Duration;
}

const RULES: Rules = { olderThan: milliseconds };
const AGE = 3_600_000;

/**
 * The minimum age of abandoned chunks, in milliseconds.
 *
 * @throws {TypeError} for invalid options
 */
export function collectAge(action: string, options: CollectOptions | undefined): number {
  checkOptions(action, options, RULES);
  return asMilliseconds(options?.olderThan) ?? AGE;
}

/** Chunks under one id that may belong to no object. */
interface Chunks {
  /** In bytes. */
  readonly size: number;
  /** When the last one was stored, in milliseconds since 1970. */
  readonly last: number;
}

/**
 * Deletes chunks of this age that belong to no object; returns their bytes.
 *
 * @throws {ObjectError} `unreadable`: it is unknown which chunks an unreadable info refers to
 */
export async function collect(bucket: Bucket, action: string, age: number): Promise<number> {
  // chunks before infos: an object that is put meanwhile has its info by the time the infos are read
  const { ids, now } = await idsOf(bucket);
  const failed = (error: Error) => {
    throw error;
  };
  for await (const { info, isDeleted } of entriesOf(bucket, action, failed)) {
    if (!isDeleted) ids.delete(info.id);
  }
  let collected = 0;
  for (const id of ids) {
    const { size, last } = await chunksOf(bucket, id);
    if (bucket.running.has(id) || now - last < age) continue;
    await purgeChunks(bucket, id);
    collected += size;
  }
  return collected;
}

/** The ids of all chunks, and the time by the server's clock. */
async function idsOf({ api, names }: Bucket): Promise<{ ids: Set<string>; now: number }> {
  const ids = new Set<string>();
  const start = names.chunks("").length;
  for (let offset = 0;;) {
    const request = { subjects_filter: names.allChunks, offset };
    const { state, ts, total = 0 } = await api.call<StreamInfo>(
      `STREAM.INFO.${names.stream}`,
      request,
    );
    const subjects = Object.keys(state.subjects ?? {});
    for (const subject of subjects) ids.add(subject.slice(start));
    offset += subjects.length;
    const now = ts === undefined ? api.access.clock.wallTime() : Date.parse(ts);
    if (subjects.length === 0 || offset >= total) return { ids, now };
  }
}

async function chunksOf({ api, names }: Bucket, id: string): Promise<Chunks> {
  const filters = [names.chunks(id)];
  const options = { stream: names.stream, filters, headersOnly: true, until: "now" } as const;
  const read = new OrderedRead(api, options);
  try {
    let size = 0;
    let last = 0;
    for (let message = await read.next(); message; message = await read.next()) {
      size += Number(message.headers.get("Nats-Msg-Size")) || 0;
      last = Math.max(last, message.time.getTime());
    }
    return { size, last };
  } finally {
    await read.close();
  }
}
