import { MessageHeaders } from "../door/mod.ts";
import type { PubAck, StreamInfo } from "../jetstream/api/api_types.ts";
import { NotFoundError, NotStoredError } from "../jetstream/api/errors.ts";
import { OrderedRead } from "../jetstream/read/ordered_read.ts";
import type { Bucket } from "./bucket.ts";
import type { StoredAnswer } from "./infos.ts";
import { lookAgain } from "./lag.ts";

const ID = "Nats-Msg-Id";

/** The chunks that the server has stored for one put. */
export class StoredChunks {
  readonly #bucket: Bucket;
  readonly #action: string;
  readonly #id: string;
  readonly #subject: string;
  /** The sequence of the last chunk known to be stored. */
  #last = 0;
  /** How many ids of each chunk are used up, by chunk index. */
  readonly #used = new Map<number, number>();

  constructor(bucket: Bucket, action: string, id: string) {
    this.#bucket = bucket;
    this.#action = action;
    this.#id = id;
    this.#subject = bucket.names.chunks(id);
  }

  /** Records an acknowledgement; `false` if it is not for a chunk after the last one. */
  add({ stream, seq }: PubAck): boolean {
    if (stream !== this.#bucket.names.stream || seq <= this.#last) return false;
    this.#last = seq;
    return true;
  }

  /**
   * The message id for a chunk. It changes only if necessary: duplicates that a frozen server stores later are removed
   * when the object is complete.
   */
  idOf(index: number): string {
    const used = this.#used.get(index);
    return `${this.#id}.${index}${used === undefined ? "" : `.${used}`}`;
  }

  /**
   * Gives a chunk a new id: a server drops a message whose id it has seen, even if it has deleted that message since.
   */
  useUp(index: number): void {
    this.#used.set(index, (this.#used.get(index) ?? 0) + 1);
  }

  /** The number of chunks stored. */
  async count(): Promise<number> {
    const { api, names } = this.#bucket;
    const request = { subjects_filter: this.#subject };
    const { state } = await api.call<StreamInfo>(`STREAM.INFO.${names.stream}`, request);
    return state.subjects?.[this.#subject] ?? 0;
  }

  /** The number of chunks stored from this index on; deletes what follows a gap. */
  readOn(index: number): Promise<number> {
    return this.#sweep(index);
  }

  /**
   * Deletes everything but the first `count` chunks in order, such as a chunk that was stored twice.
   *
   * @throws {NotStoredError} if some of those chunks are missing
   */
  async keepOnly(count: number): Promise<void> {
    let found = 0;
    const isThere = await lookAgain(this.#bucket, async () => {
      this.#last = 0;
      found = await this.#sweep(0);
      return found === count || undefined;
    });
    if (isThere) return;
    const rule = `its chunks must stay until it is whole: ${found} of ${count} are left`;
    throw new NotStoredError(this.#action, this.#subject, rule);
  }

  /** Reads what is stored after the last known chunk; keeps the chunks that follow in order, and deletes the rest. */
  async #sweep(first: number): Promise<number> {
    const { api, stream } = this.#bucket;
    const read = new OrderedRead(api, {
      stream,
      filters: [this.#subject],
      from: { seq: this.#last + 1 },
      headersOnly: true,
      until: "now",
    });
    try {
      let next = first;
      for (let message = await read.next(); message; message = await read.next()) {
        const { seq, headers } = message;
        const id = headers.get(ID);
        const index = this.#indexIn(id);
        if (index !== next) {
          if (index > next) this.useUp(index);
          await this.#drop(seq, id);
        } else {
          next++;
          this.#last = seq;
        }
      }
      return next - first;
    } finally {
      await read.close();
    }
  }

  /** Deletes a message, if the leader has the same message there: its sequence may come from a former leader. */
  async #drop(seq: number, id: string | undefined): Promise<void> {
    const { api, names } = this.#bucket;
    try {
      const { message: { subject, hdrs = "" } } = await api.call<StoredAnswer>(
        `STREAM.MSG.GET.${names.stream}`,
        { seq },
      );
      const found = MessageHeaders.parse(Uint8Array.fromBase64(hdrs)).get(ID);
      if (subject !== this.#subject || found !== id) return;
      await api.call(`STREAM.MSG.DELETE.${names.stream}`, { seq, no_erase: true });
    } catch (error) {
      if (!(error instanceof NotFoundError && error.kind === "message")) throw error;
    }
  }

  #indexIn(id = ""): number {
    const [own, index] = id.split(".");
    return own === this.#id && index !== undefined ? Number(index) : -1;
  }
}
