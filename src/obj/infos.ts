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

/** The answer to `STREAM.MSG.GET`. */
export interface StoredAnswer {
  readonly message: {
    readonly subject: string;
    readonly seq: number;
    /** Base 64, as are the headers; left out where there are no bytes. */
    readonly data?: string;
    readonly hdrs?: string;
    readonly time: string;
  };
}

/** An info as it is stored, not decoded. */
interface Found {
  readonly seq: number;
  readonly time: Date;
  readonly data: Uint8Array;
}

/** What to write in place of what is there, and whether that may be replaced. */
export interface Replacement {
  readonly action: string;
  readonly name: string;
  /** Makes the entry from the one that is there; gives `undefined` to leave it. Throws to refuse. */
  readonly make: (current: Entry | undefined) => Entry | undefined;
  /** Whether it can be replaced although nobody can read it. */
  readonly replacesUnreadable?: boolean;
  /** Only if the info that is there has this sequence, 0 for none. */
  readonly revision?: number | undefined;
}

/** Reads and writes the infos of a bucket. */
export class Infos {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /**
   * What the bucket has under the name, asked of the stream's leader, as another replica may be behind; what was deleted
   * is there as such.
   */
  async read(action: string, name: string): Promise<Entry | undefined> {
    const found = await this.#find(action, name);
    return found && this.#decoded(action, name, found);
  }

  /**
   * Replaces what is there by something else, and deletes its chunks. Of many that replace it at once, each replaces the
   * one before it.
   *
   * @throws {ConflictError} if a revision was asked for, and another one is there
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
        // somebody was faster
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

  /** What is there, even if nobody can read it and that may be replaced: `collect()` gets its chunks. */
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

  /** Deletes the chunks of what was replaced; if that fails, `collect()` will. */
  async #forget({ info: { id, name } }: Entry, by: Entry): Promise<void> {
    // what seemed to be somebody else's was our own, written in an outage
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

/** Deletes all chunks of an id; gives how many there were. */
export async function purgeChunks({ api, names }: Bucket, id: string): Promise<number> {
  const request = { filter: names.chunks(id) };
  const answer = await api.call<{ purged?: number }>(`STREAM.PURGE.${names.stream}`, request);
  return answer.purged ?? 0;
}
