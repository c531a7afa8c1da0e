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

/** Milliseconds that a put that has failed waits until nothing is left of it; it goes on in the background. */
const CLEANING = 2_000;
/** How often to look whether a server stores chunks that were sent before the purge, and how long to wait between. */
const LOOKS = 5;
const BETWEEN = 100;

/** One put: its chunks first, and then its info, which makes an object of them. */
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
   * Takes the body; the options are checked.
   *
   * @throws {TypeError} for what is no body, and for headers that cannot be sent
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

  /** Resolves with the info once the object is stored; if it fails, it leaves nothing behind. */
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

  /** Makes an object of the chunks. */
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
      // if nobody knows, the chunks may be those of an object; collect() will see
      if (stored === "nothing") await this.#giveUp(error);
      throw error;
    }
  }

  /** Whether the info is there although no answer came. */
  async #found(): Promise<ObjectInfo | "nothing" | "unknown"> {
    try {
      const entry = await new Infos(this.#bucket).read(this.#action, this.#name);
      // one that is not there may still come
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

  /** Tells the source, and deletes what is stored. */
  async #giveUp(error: unknown): Promise<void> {
    const { clock } = this.#bucket.api.access;
    const cancelling = Promise.try(() => this.#parts.cancel(error));
    // a source that fails, or that never ends its cancellation, must not hide why the put has failed
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
