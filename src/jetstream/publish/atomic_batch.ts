import type { Duration } from "../../duration.ts";
import { encodeFields, newToken } from "../../door/mod.ts";
import type { PubAck } from "../api/api_types.ts";
import { JetStreamError, UnavailableError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { requireVersion } from "../api/version.ts";
import { timeoutWithin } from "./publish_stored.ts";
import type { Prepared } from "./program_publisher.ts";
import type { Part } from "./publication.ts";
import { Publications } from "./publications.ts";
import { recovered } from "./recovery.ts";

/** Where a batch was stored. */
export interface StoredBatch {
  /** The stream that has it. */
  readonly stream: string;
  /** The sequence of its last message; the others are right before it. */
  readonly seq: number;
  /** How many messages it had. */
  readonly count: number;
}

/** How to publish a batch. */
export interface AtomicBatchOptions {
  /** The ids that the program gives its messages; one is made for each that has none. */
  readonly ids?: readonly (string | undefined)[];
  readonly timeout?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long the stream knows an id, in milliseconds, where the caller knows that. */
  readonly window?: number;
}

/** "unsupported header used". */
const UNSUPPORTED = 10177;

/** Stores all messages or none, and all of them once over outages. */
export class AtomicBatch {
  readonly #api: JetStreamApi;
  readonly #messages: readonly Prepared[];
  readonly #options: AtomicBatchOptions;
  /** The id of each message, under which the stream knows a batch that was stored although no answer came. */
  readonly #ids: readonly string[];
  readonly #hasOwnIds: boolean;

  /** Takes encoded messages, one at least. */
  constructor(api: JetStreamApi, messages: readonly Prepared[], options: AtomicBatchOptions = {}) {
    const { ids = [] } = options;
    this.#api = api;
    this.#messages = messages;
    this.#options = options;
    this.#ids = messages.map((_, at) => ids[at] ?? newToken());
    this.#hasOwnIds = ids.some((id) => id !== undefined);
  }

  /** The subject of its first message. */
  get subject(): string {
    return this.#messages[0]!.subject;
  }

  /** Publishes it; resolves once all of it is stored. */
  async publish(): Promise<StoredBatch> {
    requireVersion(this.#api, "publish a batch", "2.12", "a batch");
    const { clock } = this.#api.access;
    const until = clock.now() + this.#timeout;
    const count = this.#messages.length;
    let ack: PubAck;
    try {
      ack = await this.#send(this.#timeout, this.#ids);
    } catch (error) {
      const isOld = error instanceof JetStreamError && error.errCode === UNSUPPORTED &&
        error.description.includes("Nats-Msg-Id") && !this.#hasOwnIds;
      if (!isOld) throw error;
      // nats-server 2.12 knows no ids within a batch, which then is sent only once
      ack = await this.#send(Math.max(1, until - clock.now()), undefined);
    }
    if (ack.batch === undefined) {
      // the leader is older than the server that we talk to, and has stored each message by itself
      const rule =
        "the leader of its stream must know batches, since nats-server 2.12: it does not";
      throw new UnavailableError("publish a batch", rule, undefined, { needs: "2.12" });
    }
    return { stream: ack.stream, seq: ack.seq, count };
  }

  /** What errors say that it does: the server rejects a batch without a word on which message is the reason. */
  get #action(): string | undefined {
    const { length } = this.#messages;
    return length === 1 ? undefined : `publish a batch of ${length} messages`;
  }

  get #timeout(): number {
    const { window = this.#api.streams.windowOf(this.subject), timeout } = this.#options;
    return timeoutWithin(this.subject, timeout, window, this.#action);
  }

  #send(timeout: number, ids: readonly string[] | undefined): Promise<PubAck> {
    const { subject } = this;
    return Publications.of(this.#api).publish({
      subject,
      action: this.#action,
      parts: () => this.#parts(ids),
      id: ids?.at(-1),
      timeout,
      signal: this.#options.signal,
      recover: (publication, error) =>
        recovered(this.#api, publication, error)?.then((ack) => ({ ...ack, batch: "" })),
    });
  }

  /** The messages under a new name of the batch: what was sent of another one is dropped by the server. */
  #parts(ids: readonly string[] | undefined): Part[] {
    const name = newToken();
    return this.#messages.map(({ subject, data, contentType, fields = [] }, at) => {
      const own: (readonly [string, string])[] = [
        ["Nats-Batch-Id", name],
        ["Nats-Batch-Sequence", `${at + 1}`],
      ];
      if (contentType !== undefined) own.unshift(["content-type", contentType]);
      if (ids) own.push(["Nats-Msg-Id", ids[at]!]);
      if (at === this.#messages.length - 1) own.push(["Nats-Batch-Commit", "1"]);
      return { subject, data, headerBlock: encodeFields([...own, ...fields]) };
    });
  }
}
