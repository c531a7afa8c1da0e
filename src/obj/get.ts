import { onAbort } from "../deadline.ts";
import { checkOptions, type Rules, signal } from "../options.ts";
import type { Bucket } from "./bucket.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { ObjectError } from "./errors.ts";
import { resolve } from "./links.ts";
import type { ObjectInfo } from "./object_info.ts";
import { type ObjectRange, type Part, partOf, range } from "./range.ts";

/** Options for reading an object. */
export interface GetOptions {
  /**
   * Which bytes to read. A range is not verified: the digest is that of the whole object.
   *
   * @default {all}
   */
  readonly range?: ObjectRange;
  /** Aborts `get()`, and later `readable`, with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * An object that can be read. Read `readable` to its end, or cancel it: until then the server keeps a consumer for it.
 */
export interface StoredObject extends ObjectInfo, AsyncDisposable {
  /** The range of bytes that `readable` returns. */
  readonly part: Part;
  /**
   * The bytes, with backpressure to the server: at most 2 MiB are read ahead. Fails with an {@linkcode ObjectError} if
   * they differ from those that were put; resumes after an outage.
   */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Cancels `readable`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const RULES: Rules = { range, signal };
/** How often to retry if the object is replaced while it is opened. */
const LOOKS = 8;

/**
 * Checks the options of a get.
 *
 * @throws {TypeError} naming the first option that is unknown or invalid
 */
export function checkGetOptions(action: string, options: GetOptions | undefined): GetOptions {
  checkOptions(action, options, RULES);
  return options ?? {};
}

/** Opens an object; `undefined` if the name does not exist. */
export async function openObject(
  bucket: Bucket,
  action: string,
  name: string,
  options: GetOptions,
): Promise<StoredObject | undefined> {
  let last: number | undefined;
  for (let look = 0;; look++) {
    options.signal?.throwIfAborted();
    const found = await resolve(bucket, action, name);
    if (!found) return undefined;
    const { info } = found;
    const part = partOf(info.size, options.range);
    const reader = new ChunkReader(found.bucket, action, info, part);
    try {
      await reader.open(options.signal);
      return readableObject(info, part, reader, options.signal);
    } catch (error) {
      await reader.close();
      const isGone = error instanceof ObjectError && error.reason === "incomplete";
      // the object may have been replaced since its info was read
      if (!isGone || look === LOOKS || last === info.revision) throw error;
      last = info.revision;
    }
  }
}

function readableObject(
  info: ObjectInfo,
  part: Part,
  reader: ChunkReader,
  signal: AbortSignal | undefined,
): StoredObject {
  let stopListening: (() => void) | undefined;
  const end = async () => {
    stopListening?.();
    await reader.close();
  };
  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      if (!signal) return;
      stopListening = onAbort(signal, () => {
        controller.error(signal.reason);
        reader.close();
      });
    },
    async pull(controller) {
      try {
        const bytes = await reader.next(signal);
        if (bytes) return controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      await end();
    },
    cancel: end,
  }, { highWaterMark: 0 });
  const dispose = async () => {
    if (!readable.locked) await readable.cancel();
    else await end();
  };
  return { ...info, part, readable, [Symbol.asyncDispose]: dispose };
}
