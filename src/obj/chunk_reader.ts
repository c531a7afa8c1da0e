import { OrderedRead } from "../jetstream/read/ordered_read.ts";
import type { StoredMessage } from "../jetstream/read/stored_message.ts";
import type { Bucket } from "./bucket.ts";
import { Digest } from "./digest.ts";
import { ObjectError, type ObjectFault } from "./errors.ts";
import { lookAgain } from "./lag.ts";
import type { ObjectInfo } from "./object_info.ts";
import type { Part } from "./range.ts";

/** Bytes of an object that are read ahead. */
const AHEAD = 2_097_152;
const SIZE = "Nats-Msg-Size";

/** A place from which to read. */
interface Place {
  /** The sequence of the first chunk to read; `undefined` to start at the object's first chunk. */
  readonly seq: number | undefined;
  /** The object's bytes before it. */
  readonly offset: number;
}

/** Reads the chunks of an object in order, and verifies that they are those that were put. */
export class ChunkReader {
  readonly #bucket: Bucket;
  readonly #action: string;
  readonly #info: ObjectInfo;
  readonly #part: Part;
  readonly #digest: Digest | undefined;
  #read: OrderedRead | undefined;
  /** The sequence of the last chunk. */
  #last = 0;
  /** The offset of the next chunk in bytes. */
  #at = 0;

  constructor(bucket: Bucket, action: string, info: ObjectInfo, part: Part) {
    this.#bucket = bucket;
    this.#action = action;
    this.#info = info;
    this.#part = part;
    if (part.start === 0 && part.end === info.size) this.#digest = new Digest();
  }

  /**
   * Starts reading, so that missing chunks are found before any bytes are returned.
   *
   * @throws {ObjectError}
   */
  async open(signal: AbortSignal | undefined): Promise<void> {
    const { size, digest, chunks } = this.#info;
    if (this.#digest && size > 0 && digest === undefined) {
      throw this.#fault("unreadable", "its digest must be a SHA-256: it is not");
    }
    this.#at = this.#part.end;
    if (this.#part.start === this.#part.end) return;
    const { seq, offset } = await this.#find(signal);
    this.#at = offset;
    let pending = 0;
    const isThere = await lookAgain(this.#bucket, async () => {
      await this.#read?.close();
      this.#read = this.#newRead(seq === undefined ? "first" : { seq }, false);
      ({ pending } = await this.#read.ready);
      return seq !== undefined || pending >= chunks || undefined;
    });
    if (isThere) return;
    throw this.#fault("incomplete", `its chunks must be there: ${pending} of ${chunks} are`);
  }

  /**
   * The next bytes; `undefined` at the end.
   *
   * @throws {ObjectError} if chunks are missing or differ from those that were put
   */
  async next(signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    const { start, end } = this.#part;
    const { size } = this.#info;
    while (this.#at < end) {
      const message = await this.#read?.next(signal ? { signal } : {}) ?? await this.#readOn();
      if (!message) throw this.#missing(this.#at);
      this.#last = message.seq;
      const { data } = message;
      const begin = this.#at;
      this.#at += data.length;
      if (this.#at > size) throw this.#fault("corrupt", `it must have ${size} bytes: it has more`);
      this.#digest?.update(data);
      const wanted = data.subarray(Math.max(0, start - begin), Math.max(0, end - begin));
      if (wanted.length > 0) return wanted;
    }
    this.#checkDigest();
    return undefined;
  }

  /**
   * Reads the next chunk with a new read, after the previous read ended early: its replica may have lacked the last
   * chunks.
   */
  #readOn(): Promise<StoredMessage | undefined> {
    return lookAgain(this.#bucket, async () => {
      await this.#read?.close();
      this.#read = this.#newRead({ seq: this.#last + 1 }, false);
      return await this.#read.next();
    });
  }

  #missing(at: number): ObjectError {
    const rule = `its chunks must be there: ${at} of ${this.#info.size} bytes are`;
    return this.#fault("incomplete", rule);
  }

  /** Ends the read, and deletes its consumer. */
  async close(): Promise<void> {
    await this.#read?.close();
  }

  #checkDigest(): void {
    const { digest: wanted, size } = this.#info;
    if (!this.#digest || (size === 0 && wanted === undefined)) return;
    const found = this.#digest.text();
    if (found === wanted) return;
    throw this.#fault("corrupt", `its digest must be ${wanted}: it is ${found}`);
  }

  /**
   * Finds the chunk in which the range begins, by the sizes of the earlier chunks: some clients vary the chunk size.
   */
  async #find(signal: AbortSignal | undefined): Promise<Place> {
    const { start } = this.#part;
    if (start === 0) return { seq: undefined, offset: 0 };
    let offset = 0;
    const found = await lookAgain(this.#bucket, async () => {
      offset = 0;
      const read = this.#newRead("first", true);
      try {
        for (;;) {
          const message = await read.next(signal ? { signal } : {});
          if (!message) return undefined;
          const length = Number(message.headers.get(SIZE));
          if (offset + length > start) return { seq: message.seq, offset };
          offset += length;
        }
      } finally {
        await read.close();
      }
    });
    if (!found) throw this.#missing(offset);
    return found;
  }

  #newRead(from: "first" | { readonly seq: number }, headersOnly: boolean): OrderedRead {
    const { api, names } = this.#bucket;
    const filters = [names.chunks(this.#info.id)];
    const rest = { filters, from, headersOnly, until: "now", maxBytes: AHEAD } as const;
    return new OrderedRead(api, { stream: names.stream, ...rest });
  }

  #fault(reason: ObjectFault, rule: string): ObjectError {
    const { bucket, name } = this.#info;
    return new ObjectError(this.#action, reason, rule, { bucket, object: name });
  }
}
