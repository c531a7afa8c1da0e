import { within } from "../../deadline.ts";
import { asMilliseconds } from "../../duration.ts";
import { handled } from "../../promises.ts";
import type { NextOptions } from "../../reader.ts";
import { MessageHeaders } from "../../door/mod.ts";
import type { StreamInfo } from "../api/api_types.ts";
import { NotFoundError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import type { ReadEnd } from "../read/ordered_read.ts";
import type { Readable } from "../read/stream_reader.ts";
import type { StoredMessage } from "../read/stored_message.ts";

/** The answer to `STREAM.MSG.GET`. */
interface Got {
  readonly message: {
    readonly subject: string;
    readonly seq: number;
    readonly hdrs?: string;
    readonly data?: string | undefined;
    readonly time: string;
  };
}

const NO_BYTES = new Uint8Array();

/**
 * Reads in order the messages that a work queue now holds under some subjects. The server lets only the queue's own
 * consumers read a work queue, so this asks for each message by its sequence.
 */
export class QueueRead implements Readable {
  readonly ready: Promise<{ readonly pending: number }>;
  readonly #api: JetStreamApi;
  readonly #stream: string;
  readonly #filter: string;
  readonly #headersOnly: boolean;
  readonly #closed = Promise.withResolvers<ReadEnd>();
  #isOver = false;
  #next = 1;
  #coming: Promise<StoredMessage | undefined> | undefined;
  /** The sequence after the last message that existed when the read began. */
  readonly #end: Promise<number>;
  /**
   * The subjects of the repeating schedules that were returned. The server stores a repeating schedule anew each time it
   * fires, so it may move behind `#end`; the read looks for it there, too, and this set keeps it from returning it twice.
   */
  readonly #told = new Set<string>();
  #last: number | undefined;

  constructor(api: JetStreamApi, stream: string, filter: string, headersOnly: boolean) {
    this.#api = api;
    this.#stream = stream;
    this.#filter = filter;
    this.#headersOnly = headersOnly;
    const info = this.#info();
    this.ready = handled(
      info.then(({ state, total }) => ({
        pending: total ?? Object.keys(state.subjects ?? {}).length,
      })),
    );
    this.#end = handled(info.then(({ state }) => state.last_seq + 1));
  }

  get closed(): Promise<ReadEnd> {
    return this.#closed.promise;
  }

  async next({ timeout: given, signal }: NextOptions = {}): Promise<StoredMessage | undefined> {
    if (this.#isOver) return undefined;
    const timeout = asMilliseconds(given);
    const { clock } = this.#api.access;
    const patience = { clock, timeout: timeout === Infinity ? undefined : timeout, signal };
    // a message that comes after the timeout of one call goes to the next call
    const coming = this.#coming ??= handled(this.#read());
    const found = await within(coming, patience, `read "${this.#stream}"`);
    this.#coming = undefined;
    return this.#isOver ? undefined : found;
  }

  readNow(): undefined {}

  close(): Promise<void> {
    return this.cancel();
  }

  cancel(): Promise<void> {
    this.#finish("cancelled");
    return Promise.resolve();
  }

  #info(): Promise<StreamInfo> {
    const request = { subjects_filter: this.#filter };
    return this.#api.call<StreamInfo>(`STREAM.INFO.${this.#stream}`, request);
  }

  async #read(): Promise<StoredMessage | undefined> {
    try {
      const end = await this.#end;
      for (;;) {
        if (this.#next >= end) this.#last ??= (await this.#info()).state.last_seq + 1;
        const found = this.#next < (this.#last ?? end) ? await this.#get() : undefined;
        if (!found) break;
        this.#next = found.seq + 1;
        const repeats = !found.headers.get("Nats-Schedule")?.startsWith("@at ");
        if (this.#told.has(found.subject) || (found.seq >= end && !repeats)) continue;
        if (repeats) this.#told.add(found.subject);
        return found;
      }
      this.#finish("complete");
    } catch (error) {
      this.#finish("failed");
      throw error;
    }
  }

  async #get(): Promise<StoredMessage | undefined> {
    const request = { seq: this.#next, next_by_subj: this.#filter };
    try {
      const { message } = await this.#api.call<Got>(`STREAM.MSG.GET.${this.#stream}`, request);
      return storedOf(this.#headersOnly ? { ...message, data: undefined } : message);
    } catch (error) {
      if (error instanceof NotFoundError && error.kind === "message") return undefined;
      throw error;
    }
  }

  #finish(end: ReadEnd): void {
    this.#isOver = true;
    this.#closed.resolve(end);
  }
}

function storedOf({ subject, seq, hdrs, data, time }: Got["message"]): StoredMessage {
  const headerBlock = hdrs === undefined ? undefined : Uint8Array.fromBase64(hdrs);
  return {
    subject,
    seq,
    data: data === undefined ? NO_BYTES : Uint8Array.fromBase64(data),
    headerBlock,
    headers: MessageHeaders.parse(headerBlock ?? NO_BYTES),
    time: new Date(time),
    pending: 0,
  };
}
