import type { PubAck } from "../jetstream/api/api_types.ts";
import { ConflictError, NotFoundError } from "../jetstream/api/errors.ts";
import { publishStored } from "../jetstream/publish/publish_stored.ts";
import type { Bucket } from "./bucket.ts";
import {
  decodeInfo,
  encodeInfo,
  type Entry,
  type ObjectInfo,
  unknownEntry,
} from "./object_info.ts";

/** The response of `STREAM.MSG.GET`. */
export interface StoredAnswer {
  readonly message: {
    readonly subject: string;
    readonly seq: number;
    /** In Base64, as are the headers; absent if empty. */
    readonly data?: string;
    readonly hdrs?: string;
    readonly time: string;
  };
}

/** An undecoded info. */
interface Found {
  readonly seq: number;
  readonly time: Date;
  readonly data: Uint8Array;
}

/** A change of an info. */
export interface Replacement {
  readonly action: string;
  readonly name: string;
  /** Makes the new entry from the current one; returns `undefined` to change nothing, throws to reject. */
  readonly make: (current: Entry | undefined) => Entry | undefined;
  /** Whether an unreadable info may be replaced. */
  readonly replacesUnreadable?: boolean;
  /** Replaces the info only if this is its sequence, 0 for none. */
  readonly revision?: number | undefined;
}

/** Reads and writes a bucket's infos. */
export class Infos {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /**
   * The entry of a name, including deletions. Asks the stream's leader, as a replica may be behind.
   */
  async read(action: string, name: string): Promise<Entry | undefined> {
    const found = await this.#find(action, name);
    return found && this.#decoded(action, name, found);
  }

  /**
   * Replaces an entry, and deletes the chunks of the old one. Concurrent replacements happen one after the other: each
   * replaces the one before.
   *
   * @throws {ConflictError} if `revision` is given and is not the current one
   */
  async replace(replacement: Replacement): Promise<ObjectInfo | undefined> {
    const { action, name, make, revision } = replacement;
    for (;;) {
      const found = await this.#find(action, name);
      const seq = found?.seq ?? 0;
      if (revision !== undefined && revision !== seq) {
        const rule = `its revision must be ${revision}: it is ${seq}`;
        throw new ConflictError(action, rule);
      }
      const current = found && this.#replaceable(replacement, found);
      const entry = make(current);
      if (!entry) return undefined;
      try {
        const ack = await this.#write(action, entry, seq);
        if (current) await this.#forget(current, entry);
        return { ...entry.info, revision: ack.seq };
      } catch (error) {
        // another client was faster
        if (!(error instanceof ConflictError) || revision !== undefined) throw error;
      }
    }
  }

  async #find(action: string, name: string): Promise<Found | undefined> {
    const { api, names } = this.#bucket;
    const request = { last_by_subj: names.info(name) };
    try {
      const { message } = await api.call<StoredAnswer>(`STREAM.MSG.GET.${names.stream}`, request);
      const { seq, time, data = "" } = message;
      return { seq, time: new Date(time), data: Uint8Array.fromBase64(data) };
    } catch (error) {
      if (error instanceof NotFoundError && error.kind === "message") return undefined;
      throw this.#bucket.nameIn(error, action);
    }
  }

  #decoded(action: string, name: string, { seq, time, data }: Found): Entry {
    return decodeInfo(action, name, data, { bucket: this.#bucket.names.bucket, seq, time });
  }

  /**
   * The current entry; an unreadable one becomes a placeholder if it may be replaced, and its chunks are left to
   * `collect()`.
   */
  #replaceable({ action, name, replacesUnreadable }: Replacement, found: Found): Entry {
    try {
      return this.#decoded(action, name, found);
    } catch (error) {
      if (!replacesUnreadable) throw error;
      return unknownEntry(name, { ...found, bucket: this.#bucket.names.bucket });
    }
  }

  #write(action: string, entry: Entry, seq: number): Promise<PubAck> {
    const { api, names } = this.#bucket;
    const headers = {
      "Nats-Rollup": "sub",
      "Nats-Expected-Last-Subject-Sequence": String(seq),
    };
    return publishStored(api, names.info(entry.info.name), encodeInfo(entry), { action, headers });
  }

  /** Deletes the chunks of the replaced entry; if that fails, `collect()` does so later. */
  async #forget({ info: { id, name } }: Entry, by: Entry): Promise<void> {
    // the entry taken for another client's was our own, written during an outage
    const isKept = !by.isDeleted && by.info.id === id;
    if (id === "" || isKept) return;
    const { api, names } = this.#bucket;
    try {
      await purgeChunks(this.#bucket, id);
    } catch (cause) {
      const rule = "the server must delete them: they are left to collect()";
      const what = `delete the former chunks of "${name}" of "${names.bucket}"`;
      api.access.report(new Error(`Cannot ${what} as ${rule}`, { cause }));
    }
  }
}

/** Deletes all chunks of an id; returns their number. */
export async function purgeChunks({ api, names }: Bucket, id: string): Promise<number> {
  const request = { filter: names.chunks(id) };
  const answer = await api.call<{ purged?: number }>(`STREAM.PURGE.${names.stream}`, request);
  return answer.purged ?? 0;
}
