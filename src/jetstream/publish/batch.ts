import { asMilliseconds, type Duration } from "../../duration.ts";
import { checkOptions, describe, duration, signal } from "../../options.ts";
import { encodeFields, newToken } from "../../door/mod.ts";
import type { PubAck } from "../api/api_types.ts";
import { JetStreamError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { checkWindow, PUBLISH_TIMEOUT, publishStored } from "./publish_stored.ts";
import type { Prepared, ProgramPublisher } from "./program_publisher.ts";
import type { Part } from "./publication.ts";
import { Publications } from "./publications.ts";
import { checkStore, type StoreMessageOptions } from "./store_options.ts";

/** What to send with one message of a batch. */
export type BatchMessageOptions = Omit<StoreMessageOptions, "timeout" | "signal">;

/** One message of a batch. */
export type BatchMessage = readonly [
  subject: string,
  body?: unknown,
  options?: BatchMessageOptions,
];

/** How long a batch may take. */
export interface BatchOptions {
  /**
   * How long it may take, outages included; at most the stream's duplicate window.
   *
   * @default {"5s"}
   */
  readonly timeout?: Duration;
  /** Ends the wait with its reason; what is on its way may be stored all the same. */
  readonly signal?: AbortSignal;
}

/** Where a batch was stored. */
export interface StoredBatch {
  /** The stream that has it. */
  readonly stream: string;
  /** The sequence of its last message; the others are right before it. */
  readonly seq: number;
  /** How many messages it had. */
  readonly count: number;
}

/** The most messages that the server takes in one batch. */
const MOST = 1_000;
/** "batch contains duplicate message id", and "unsupported header used". */
const DUPLICATE = 10201;
const UNSUPPORTED = 10177;
const ACTION = "publish a batch";

/** Stores all messages or none, and all of them once over outages. */
export class Batch {
  readonly #api: JetStreamApi;
  readonly #messages: readonly Prepared[];
  readonly #options: BatchOptions;
  /** The id of each message, under which the stream knows a batch that was stored although no answer came. */
  readonly #ids: readonly string[];
  readonly #hasOwnIds: boolean;

  /**
   * Checks and encodes the messages.
   *
   * @throws {TypeError} without any message, for more than 1 000, and for a wrong option
   */
  constructor(
    api: JetStreamApi,
    publisher: ProgramPublisher,
    messages: readonly BatchMessage[],
    options: BatchOptions,
  ) {
    const isList = Array.isArray(messages) && messages.every((one) => Array.isArray(one));
    if (!isList || messages.length === 0 || messages.length > MOST) {
      const found = isList ? messages.length : describe(messages);
      const rule = `it must be a list of 1 to ${MOST} messages [subject, body, options]`;
      throw new TypeError(`Cannot ${ACTION} as ${rule}: ${found}`);
    }
    checkOptions(ACTION, options, { timeout: duration, signal });
    this.#api = api;
    this.#options = options;
    this.#ids = messages.map(([, , each]) => each?.id ?? newToken());
    this.#hasOwnIds = messages.some(([, , each]) => each?.id !== undefined);
    this.#messages = messages.map(([subject, body, each]) => {
      checkStore(subject, each);
      return publisher.prepare(subject, body, each);
    });
  }

  /** The subject of its first message. */
  get subject(): string {
    return this.#messages[0]!.subject;
  }

  /** Publishes it; resolves once all of it is stored. */
  async publish(): Promise<StoredBatch> {
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
    return { stream: ack.stream, seq: ack.seq, count };
  }

  get #timeout(): number {
    return asMilliseconds(this.#options.timeout) ?? PUBLISH_TIMEOUT;
  }

  #send(timeout: number, ids: readonly string[] | undefined): Promise<PubAck> {
    const { subject } = this;
    checkWindow(subject, timeout, this.#api.streams.windowOf(subject));
    return Publications.of(this.#api).publish({
      subject,
      parts: () => this.#parts(ids),
      id: ids?.at(-1),
      timeout,
      signal: this.#options.signal,
      recover: (error) => this.#recovered(error),
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

  /**
   * After an outage a duplicate is this very batch, if all ids are ours; to publish one of its messages again gives the
   * sequence that it has.
   */
  #recovered(error: Error): Promise<PubAck> | undefined {
    const isStored = error instanceof JetStreamError && error.errCode === DUPLICATE;
    if (!isStored || this.#hasOwnIds) return undefined;
    const { subject, data, contentType } = this.#messages.at(-1)!;
    return publishStored(this.#api, subject, data, { contentType, id: this.#ids.at(-1) });
  }
}
