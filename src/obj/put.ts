import { onAbort, within } from "../deadline.ts";
import { asError } from "../legible.ts";
import { newToken } from "../door/mod.ts";
import { UnknownOutcomeError } from "../jetstream/api/errors.ts";
import { type ObjectBody, type Parts, partsOf } from "./body.ts";
import type { Bucket } from "./bucket.ts";
import { ChunkWriter, stopped } from "./chunk_writer.ts";
import { type Chunk, Chunker } from "./chunker.ts";
import { Digest } from "./digest.ts";
import { Infos, purgeChunks } from "./infos.ts";
import { described, type ObjectInfo } from "./object_info.ts";
import type { PutOptions } from "./put_options.ts";

/** Milliseconds that a failed put waits for its clean-up, which then goes on in the background. */
const CLEANING = 2_000;
/** How often to check for chunks that are stored after the purge, and the milliseconds between two checks. */
const LOOKS = 5;
const BETWEEN = 100;

/** One put: stores the chunks, then the info that makes them an object. */
export class Put {
  readonly #bucket: Bucket;
  readonly #action: string;
  readonly #name: string;
  readonly #options: PutOptions;
  readonly #id = newToken();
  readonly #parts: Parts;
  readonly #chunker: Chunker;
  readonly #writer: ChunkWriter;
  readonly #chunkSize: number;
  readonly #described: ReturnType<typeof described>;
  readonly #digest = new Digest();
  #size = 0;
  #stored = 0;

  /**
   * Prepares a put; expects checked options.
   *
   * @throws {TypeError} for an unsupported body, and for invalid headers
   */
  constructor(bucket: Bucket, action: string, name: string, body: ObjectBody, options: PutOptions) {
    this.#bucket = bucket;
    this.#action = action;
    this.#name = name;
    this.#options = options;
    this.#described = described(options);
    this.#parts = partsOf(action, body);
    this.#chunkSize = bucket.chunkSize;
    this.#chunker = new Chunker(this.#parts, this.#chunkSize);
    this.#writer = new ChunkWriter(bucket, {
      action,
      id: this.#id,
      chunkSize: this.#chunkSize,
      timeout: bucket.settings.timeout,
      stored: (chunk) => this.#tell(chunk),
    });
  }

  /** Resolves with the info once the object is stored; leaves nothing behind if it fails. */
  async run(): Promise<ObjectInfo> {
    const { signal } = this.#options;
    const { running } = this.#bucket;
    running.set(this.#id, () => this.#writer.fail(stopped(this.#action)));
    const stopListening = signal && onAbort(signal, () => this.#writer.fail(signal.reason));
    try {
      signal?.throwIfAborted();
      await this.#writeChunks();
      await this.#writer.finish();
      signal?.throwIfAborted();
    } catch (error) {
      await this.#giveUp(error);
      throw error;
    } finally {
      stopListening?.();
    }
    try {
      return await this.#writeInfo();
    } finally {
      running.delete(this.#id);
    }
  }

  #tell(chunk: Chunk): void {
    this.#stored += chunk.data.length;
    this.#chunker.release(chunk);
    try {
      this.#options.onProgress?.(this.#stored);
    } catch (error) {
      this.#bucket.api.access.report(asError(error, "onProgress threw"));
    }
  }

  async #writeChunks(): Promise<void> {
    const { signal } = this.#writer;
    for (;;) {
      const chunk = await within(this.#chunker.next(), { signal }, this.#action);
      if (!chunk) return;
      this.#digest.update(chunk.data);
      this.#size += chunk.data.length;
      await this.#writer.write(chunk);
    }
  }

  /** Writes the info. */
  async #writeInfo(): Promise<ObjectInfo> {
    const info = this.#info();
    try {
      await this.#writer.close();
      const made = await new Infos(this.#bucket).replace({
        action: this.#action,
        name: this.#name,
        make: () => ({ info, isDeleted: false }),
        replacesUnreadable: true,
        revision: this.#options.revision,
      });
      return made!;
    } catch (error) {
      const stored = error instanceof UnknownOutcomeError ? await this.#found() : "nothing";
      if (typeof stored === "object") return stored;
      // if the outcome is unknown, the chunks may belong to an object; collect() will tell
      if (stored === "nothing") await this.#giveUp(error);
      throw error;
    }
  }

  /** Whether the info was stored although no answer came. */
  async #found(): Promise<ObjectInfo | "nothing" | "unknown"> {
    try {
      const entry = await new Infos(this.#bucket).read(this.#action, this.#name);
      // a missing info may still arrive
      return entry?.info.id === this.#id ? entry.info : "unknown";
    } catch {
      return "unknown";
    }
  }

  #info(): ObjectInfo {
    const { clock } = this.#bucket.api.access;
    return {
      name: this.#name,
      bucket: this.#bucket.names.bucket,
      id: this.#id,
      size: this.#size,
      chunks: this.#writer.count,
      chunkSize: this.#chunkSize,
      digest: this.#digest.text(),
      time: new Date(clock.wallTime()),
      revision: 0,
      ...this.#described,
      link: undefined,
    };
  }

  /** Cancels the source, and deletes the stored chunks. */
  async #giveUp(error: unknown): Promise<void> {
    const { clock } = this.#bucket.api.access;
    const cancelling = Promise.try(() => this.#parts.cancel(error));
    // a source that fails to cancel, or never finishes doing so, must not hide why the put has failed
    cancelling.catch(() => {});
    const cleaning = this.#clean();
    this.#bucket.inBackground(cleaning);
    await within(cleaning, { clock, timeout: CLEANING }, this.#action).catch(() => {});
  }

  async #clean(): Promise<void> {
    const { api, names, running } = this.#bucket;
    const { clock } = api.access;
    try {
      await this.#writer.close();
      if (this.#writer.count === 0) return;
      for (let look = 0; look < LOOKS; look++) {
        if (look > 0) await clock.inRealTime(BETWEEN);
        if (await purgeChunks(this.#bucket, this.#id) === 0) return;
      }
    } catch (cause) {
      const rule = `the server must delete its chunks: ${asError(cause).message}`;
      const sentence =
        `Cannot clean up after a put of "${this.#name}" of "${names.bucket}" as ${rule}`;
      throw new Error(`${sentence}; they are left to collect()`, { cause });
    } finally {
      running.delete(this.#id);
    }
  }
}
