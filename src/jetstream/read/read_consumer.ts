import type { Timer } from "../../clock.ts";
import { pause } from "../../deadline.ts";
import { newToken, type RawMessage, type RawSubscription } from "../../door/mod.ts";
import { readAckSubject } from "../api/ack_subject.ts";
import type { ConsumerConfig, ConsumerInfo } from "../api/api_types.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { type PullStatus, readPullStatus } from "../api/pull_status.ts";
import type { PullCredit } from "./pull_credit.ts";
import { DeliveredMessage } from "./stored_message.ts";

/** Which messages the consumer delivers. */
export type ReadConfig = Omit<ConsumerConfig, "name" | "filter_subject" | "filter_subjects"> & {
  readonly stream: string;
  readonly filters: readonly string[];
};

/** How to pull from the consumer. */
export interface Pulling {
  /** Counts the room that is left. */
  readonly credit: PullCredit;
  /** Whether to request a number of messages rather than bytes. */
  readonly isByNumber: () => boolean;
  /** Whether the server must report soon that no message is left. */
  readonly isHasty: boolean;
}

/** Receives what the consumer delivers. */
export interface ReadSink {
  take(message: DeliveredMessage): void;
  /** No message is left for now. */
  idle(): void;
  /** The consumer is lost, or a delivery is missing. */
  lost(): void;
}

/** The heartbeat interval in milliseconds. */
const HEARTBEAT = 5_000;
/** The heartbeat interval for a read that ends once no message is left. */
const SHORT_HEARTBEAT = 1_000;
/** How often to check for a sign of life, and after how many silent checks the consumer counts as lost. */
const LOOK = 2_000;
const DOUBTFUL = 3;
const DEAD = 5;
/** The expiry of a pull request, in milliseconds. */
const EXPIRY = 60_000;
/** The expiry if the end of a request can cost a message. */
const LONG_EXPIRY = 3_600_000;
/** The message limit of a request that is bounded by bytes. */
const MANY = 1_000_000;
/** The inactivity in milliseconds after which the server deletes the consumer. */
const INACTIVE = 30_000;
/** How long the end of a read waits for the deletion of its consumer, in milliseconds. */
export const DELETION = 1_000;
const NANOSECONDS = 1_000_000;
const encoder = new TextEncoder();

/** One consumer of a read, from its creation to its loss or deletion. Stores and acknowledges nothing. */
export class ReadConsumer {
  readonly #api: JetStreamApi;
  readonly #config: ReadConfig;
  readonly #sink: ReadSink;
  readonly #name = newToken();
  readonly #inbox: string;
  readonly #pulling: Pulling;
  readonly #subscription: RawSubscription;
  /** The consumer sequence of the last delivery. */
  #last = 0;
  /** The number of checks since the last sign of life. */
  #silences = 0;
  #timer: Timer | undefined;
  #isMade = false;
  #isOver = false;

  /** Subscribes to the inbox of the deliveries. */
  constructor(api: JetStreamApi, config: ReadConfig, pulling: Pulling, sink: ReadSink) {
    this.#api = api;
    this.#config = config;
    this.#sink = sink;
    this.#pulling = pulling;
    this.#inbox = api.access.newInbox();
    this.#subscription = api.access.subscribe(this.#inbox, (raw) => this.#take(raw));
  }

  /** Creates the consumer; `longest` is the longest `inactive_threshold` that the stream allows, in nanoseconds. */
  async create(longest: number): Promise<ConsumerInfo> {
    const { stream, filters, ...config } = this.#config;
    const [filter] = filters;
    const isOne = filters.length === 1;
    // permissions can cover a filter in the subject, but not one in the body
    const subject = `CONSUMER.CREATE.${stream}.${this.#name}${isOne ? `.${filter}` : ""}`;
    const made = await this.#api.call<ConsumerInfo>(subject, {
      stream_name: stream,
      config: {
        ...config,
        name: this.#name,
        ...isOne && { filter_subject: filter },
        ...filters.length > 1 && { filter_subjects: filters },
        ack_policy: "none",
        mem_storage: true,
        num_replicas: 1,
        inactive_threshold: Math.min(longest, INACTIVE * NANOSECONDS),
      },
    });
    this.#isMade = true;
    return made;
  }

  /** Requests as much as there is room for. */
  pull(): void {
    if (this.#isOver || !this.#isMade) return;
    const { credit, isByNumber, isHasty } = this.#pulling;
    const size = credit.take(isByNumber());
    if (size === undefined) return;
    const { stream } = this.#config;
    const { access, prefix } = this.#api;
    const wanted = "messages" in size
      ? `"batch":${size.messages},"expires":${LONG_EXPIRY * NANOSECONDS}`
      : `"batch":${MANY},"max_bytes":${size.bytes},"expires":${EXPIRY * NANOSECONDS}`;
    const heartbeat = (isHasty ? SHORT_HEARTBEAT : HEARTBEAT) * NANOSECONDS;
    const request = `{${wanted},"idle_heartbeat":${heartbeat}}`;
    access.publish(
      `${prefix}.CONSUMER.MSG.NEXT.${stream}.${this.#name}`,
      encoder.encode(request),
      { replyTo: this.#inbox },
    );
    if (this.#timer) return;
    this.#silences = 0;
    this.#timer = access.clock.setTimeout(this.#look, LOOK);
  }

  /** Ends the consumer; resolves once it is deleted, if the server answers. */
  async end(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.clear();
    this.#subscription.unsubscribe();
    this.#pulling.credit.reset();
    const subject = `CONSUMER.DELETE.${this.#config.stream}.${this.#name}`;
    // if this fails, the consumer is gone, or the server deletes it soon by itself; nobody waits for the next leader
    const waited = new AbortController();
    const deleted = this.#api.call(subject, undefined, { timeout: INACTIVE })
      .catch(() => {}).finally(() => waited.abort());
    await Promise.race([deleted, pause(this.#api.access.clock, DELETION, waited.signal)]);
  }

  #take(raw: RawMessage): void {
    if (this.#isOver) return;
    this.#silences = 0;
    if (raw.subject === this.#inbox) return this.#hear(readPullStatus(raw));
    const place = readAckSubject(raw.replyTo);
    // from another sender
    if (place?.consumer !== this.#name) return;
    if (place.consumerSeq !== ++this.#last) return this.#sink.lost();
    const message = new DeliveredMessage(raw, place);
    this.#pulling.credit.delivered(message.size);
    this.#sink.take(message);
  }

  #hear({ code, text, pendingBytes, lastDelivery }: PullStatus): void {
    if (code === 100) {
      if (lastDelivery !== undefined && lastDelivery !== this.#last) this.#sink.lost();
      else this.#sink.idle();
      return;
    }
    const isTooLarge = text.startsWith("Message Size Exceeds MaxBytes");
    const hasEnded = code === 408 || code === 404 || isTooLarge ||
      text.startsWith("Batch Completed");
    if (!hasEnded) return this.#sink.lost();
    this.#pulling.credit.ended(pendingBytes, isTooLarge);
    this.pull();
  }

  readonly #look = () => {
    const { access } = this.#api;
    this.#timer = this.#pulling.credit.isAsked
      ? access.clock.setTimeout(this.#look, LOOK)
      : undefined;
    if (!this.#timer) return;
    this.#silences++;
    if (this.#silences === DOUBTFUL) access.suspect();
    else if (this.#silences >= DEAD) this.#sink.lost();
  };
}
