import { pause, within } from "../../deadline.ts";
import { asError } from "../../legible.ts";
import type { ConsumerInfo, StreamInfo } from "../api/api_types.ts";
import { PermissionError } from "../../errors.ts";
import { JetStreamError, NotFoundError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { Beginning } from "./beginning.ts";
import type { From } from "./from.ts";
import { hasMoreBehind, isOfLeader } from "./more.ts";
import { PullCredit } from "./pull_credit.ts";
import { DELETION, type Pulling, ReadConsumer } from "./read_consumer.ts";
import { isGone, workQueue } from "./read_errors.ts";
import { ReadPlace } from "./read_place.ts";
import type { DeliveredMessage } from "./stored_message.ts";

/** Settings of a feed. */
export interface FeedSettings {
  readonly stream: string;
  readonly filters: readonly string[];
  readonly from: From;
  readonly lastPerSubject: boolean;
  readonly headersOnly: boolean;
  /** Whether it ends with the initial state. */
  readonly untilNow: boolean;
  /** Whether a message that replaces one of the initial state belongs to it. */
  readonly isWhole: boolean;
  readonly maxBytes: number;
  /** What the error says if the stream is a work queue. */
  readonly queueRule?: string | undefined;
}

/** Receives the events of a feed. */
export interface FeedSink {
  /** The feed has begun, with this many messages in the initial state. */
  began(pending: number): void;
  /** The next message; its size counts until {@linkcode ReadFeed.freed}. */
  take(message: DeliveredMessage): void;
  /** What follows is from a new stream of the same name. */
  replaced(): void;
  /** The initial state is complete. */
  complete(): void;
  /** No message is left for now. */
  idle(): void;
  failed(error: Error): void;
}

/** Milliseconds before the next attempt; grows up to a limit as long as no message arrives. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 5_000;

/**
 * Delivers the messages of a stream in order, with one consumer after another: each resumes where the previous one was
 * lost.
 */
export class ReadFeed {
  readonly #api: JetStreamApi;
  readonly #settings: FeedSettings;
  readonly #sink: FeedSink;
  readonly #place: ReadPlace;
  readonly #credit: PullCredit;
  readonly #pulling: Pulling;
  readonly #ending = new AbortController();
  /** Ends the wait before the next attempt. */
  #waking = new AbortController();
  #consumer: ReadConsumer | undefined;
  /** Resolves once there is a consumer, or none is needed any more. */
  #opening: Promise<void> | undefined;
  #hasBegun = false;
  /** Finds the end of the initial state, anew for each stream of this name. */
  #beginning: Beginning | undefined;
  #wait = 0;
  /** The longest `inactive_threshold` that the stream allows, in nanoseconds. */
  #longest = Infinity;
  /** The servers of the stream, if several have it. */
  #servers: StreamInfo["cluster"];
  #resets = 0;
  /** The last error reported: an outage repeats the same error many times. */
  #reported: string | undefined;

  constructor(api: JetStreamApi, settings: FeedSettings, sink: FeedSink) {
    this.#api = api;
    this.#settings = settings;
    this.#sink = sink;
    this.#place = new ReadPlace(settings.from, settings.lastPerSubject);
    this.#credit = new PullCredit(settings.maxBytes);
    const isByNumber = () => this.#place.isPicked;
    this.#pulling = { credit: this.#credit, isByNumber, isHasty: settings.untilNow };
  }

  /** How often a new consumer had to resume. */
  get resets(): number {
    return this.#resets;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  start(): void {
    this.#open();
  }

  /** The connection is back: deliveries in flight are lost, and perhaps the consumer. */
  reconnected(): void {
    this.#wait = 0;
    this.#waking.abort();
    this.#lost();
  }

  /** Frees the room of a message that was read. */
  freed(size: number): void {
    this.#credit.freed(size);
    this.#consumer?.pull();
  }

  /** Ends the feed; resolves once its consumer is deleted. */
  async end(): Promise<void> {
    this.#ending.abort();
    this.#waking.abort();
    const consumer = this.#consumer;
    this.#consumer = undefined;
    await consumer?.end();
    // a consumer that is being created must be deleted, too, as long as there is a connection
    const { clock } = this.#api.access;
    await within(this.#opening ?? Promise.resolve(), { clock, timeout: DELETION }, "end").catch(
      () => {},
    );
  }

  get #isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  #lost(): void {
    const consumer = this.#consumer;
    if (!consumer) return;
    this.#consumer = undefined;
    this.#resets++;
    this.#place.lost();
    consumer.end();
    this.#open();
  }

  #open(): void {
    if (this.#isOver) return;
    this.#opening ??= this.#openOne();
  }

  async #openOne(): Promise<void> {
    while (!this.#isOver) {
      await this.#pause();
      try {
        if (await this.#attempt()) break;
      } catch (error) {
        this.#failed(asError(error));
      }
    }
    // in the same turn: the next loss must open a new consumer
    this.#opening = undefined;
  }

  async #pause(): Promise<void> {
    const wait = this.#wait;
    this.#wait = Math.min(LONGEST_WAIT, Math.max(FIRST_WAIT, wait * 2));
    if (wait === 0) return;
    const { clock } = this.#api.access;
    this.#waking = new AbortController();
    await pause(clock, wait * (0.75 + clock.random() / 2), this.#waking.signal);
  }

  /** Creates a consumer; returns whether the feed goes on. */
  async #attempt(): Promise<boolean> {
    await this.#look();
    if (this.#isOver) return true;
    const { stream, filters, headersOnly } = this.#settings;
    const config = {
      stream,
      filters,
      ...this.#place.start,
      ...headersOnly && { headers_only: true },
    };
    const consumer: ReadConsumer = new ReadConsumer(this.#api, config, this.#pulling, {
      take: (message) => this.#take(message),
      idle: () => this.#idle(),
      lost: () => this.#consumer === consumer && this.#lost(),
    });
    try {
      const made = await consumer.create(this.#longest);
      checkNumbers(`read "${stream}"`, made.num_pending, made.delivered?.stream_seq);
      this.#place.began(made);
      this.#begin(made);
    } catch (error) {
      consumer.end();
      throw error;
    }
    if (this.#isOver) await consumer.end();
    else this.#consumer = consumer;
    consumer.pull();
    return true;
  }

  /** Reads the stream's info. */
  async #look(): Promise<void> {
    const { stream, lastPerSubject, untilNow, queueRule } = this.#settings;
    const info = await this.#api.call<StreamInfo>(`STREAM.INFO.${stream}`).catch(ifNotPermitted);
    if (!info) return;
    checkNumbers(`read "${stream}"`, info.state?.last_seq, info.config && 0);
    if (info.config.retention === "workqueue") throw workQueue(stream, queueRule);
    const isAnother = this.#place.look(info, lastPerSubject);
    // the stream that was to be read to its end is gone
    if (isAnother && untilNow) throw isGone(stream);
    if (isAnother) {
      this.#beginning = undefined;
      this.#sink.replaced();
    }
    const isReplicated = (info.config.num_replicas ?? 1) > 1;
    this.#servers = isReplicated ? info.cluster : undefined;
    this.#longest = info.config.consumer_limits?.inactive_threshold || Infinity;
  }

  #begin(made: ConsumerInfo): void {
    const { num_pending: pending } = made;
    this.#reported = undefined;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#sink.began(pending);
    }
    this.#beginning ??= this.#newBeginning(pending);
    this.#beginning.begin(pending, isOfLeader(made, this.#servers));
  }

  #newBeginning(pending: number): Beginning {
    const { stream, filters, isWhole } = this.#settings;
    return new Beginning({
      pending,
      last: this.#place.snapshot,
      isWhole,
      start: this.#place.last,
      hasMore: (seq) => {
        const [longest, servers] = [this.#longest, this.#servers];
        return hasMoreBehind(this.#api, { stream, filters, seq, longest, servers });
      },
      renew: () => this.#lost(),
      over: () => this.#sink.complete(),
    });
  }

  #take(message: DeliveredMessage): void {
    this.#wait = 0;
    const action = this.#place.take(message);
    const { untilNow } = this.#settings;
    const isOver = this.#beginning?.isOver ?? false;
    if (action === "deliver" && !(untilNow && this.#isLater(message))) this.#sink.take(message);
    else this.freed(message.size);
    if (action === "skip" && message.pending === 0) this.#beginning?.none();
    else if (action === "deliver") this.#beginning?.take(message);
    if (action === "turn" && !(untilNow && isOver)) this.#lost();
  }

  /** Whether it was stored after the read began, and replaces no other message. */
  #isLater({ seq }: DeliveredMessage): boolean {
    const { snapshot } = this.#place;
    return !this.#settings.isWhole && snapshot !== undefined && seq > snapshot;
  }

  #idle(): void {
    this.#wait = 0;
    this.#beginning?.idle();
    if (!this.#settings.untilNow) this.#sink.idle();
  }

  #failed(error: Error): void {
    if (this.#isOver) return;
    if (!this.#hasBegun) return this.#sink.failed(error);
    const { stream, untilNow } = this.#settings;
    const isMissing = error instanceof NotFoundError && error.kind === "stream";
    if (isMissing && untilNow) return this.#sink.failed(isGone(stream));
    if (error.message === this.#reported) return;
    this.#reported = error.message;
    this.#api.access.report(error);
  }
}

/** Checks the numbers of a response: a missing one must not become a place in the stream. */
function checkNumbers(action: string, ...numbers: readonly unknown[]): void {
  if (numbers.every((number) => Number.isSafeInteger(number) && (number as number) >= 0)) return;
  const rule = "an answer must have its numbers";
  throw new JetStreamError(action, `${rule}: ${numbers.map(String).join(", ")}`);
}

/** Ignores a missing permission: without it, a new stream of the same name goes unnoticed. */
function ifNotPermitted(error: unknown): undefined {
  if (!(error instanceof PermissionError)) throw error;
}
