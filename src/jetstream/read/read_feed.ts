import { pause, within } from "../../deadline.ts";
import { asError } from "../../legible.ts";
import type { StreamInfo } from "../api/api_types.ts";
import { PermissionError } from "../../errors.ts";
import { JetStreamError, NotFoundError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { Beginning } from "./beginning.ts";
import type { From } from "./from.ts";
import { hasMoreBehind } from "./more.ts";
import { PullCredit } from "./pull_credit.ts";
import { DELETION, type Pulling, ReadConsumer } from "./read_consumer.ts";
import { ReadPlace } from "./read_place.ts";
import type { DeliveredMessage } from "./stored_message.ts";

/** What to read of a stream. */
export interface FeedSettings {
  readonly stream: string;
  readonly filters: readonly string[];
  readonly from: From;
  readonly lastPerSubject: boolean;
  readonly headersOnly: boolean;
  /** Whether it ends with the last message that there is when it begins. */
  readonly untilNow: boolean;
  /** Whether what takes the place of a message that was there belongs to what is there. */
  readonly isWhole: boolean;
  readonly maxBytes: number;
}

/** Takes what a feed gives. */
export interface FeedSink {
  /** The feed has begun, and so many messages are there. */
  began(pending: number): void;
  /** The next message, whose size counts until {@linkcode ReadFeed.freed}. */
  take(message: DeliveredMessage): void;
  /** What follows is of another stream, which has taken the name of the first. */
  replaced(): void;
  /** Everything that was there when it began has come. */
  complete(): void;
  /** Nothing more is there at the moment. */
  idle(): void;
  failed(error: Error): void;
}

/** Milliseconds from one attempt to the next, which grow up to a limit as long as no message comes. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 5_000;

/** The messages of a stream in order, by one consumer after the other: each goes on where the one before was lost. */
export class ReadFeed {
  readonly #api: JetStreamApi;
  readonly #settings: FeedSettings;
  readonly #sink: FeedSink;
  readonly #place: ReadPlace;
  readonly #credit: PullCredit;
  readonly #pulling: Pulling;
  readonly #ending = new AbortController();
  /** Ends the wait for the next attempt. */
  #waking = new AbortController();
  #consumer: ReadConsumer | undefined;
  /** Resolves once a consumer is there, or no other is wanted. */
  #opening: Promise<void> | undefined;
  #hasBegun = false;
  /** What is there at the beginning of the stream, and of each that takes its place. */
  #beginning: Beginning | undefined;
  #wait = 0;
  /** After how long the stream lets consumers be deleted that nobody uses, in nanoseconds. */
  #longest = Infinity;
  #resets = 0;
  /** The last error that was reported, as it is again and again the same in an outage. */
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

  /** How often another consumer had to go on. */
  get resets(): number {
    return this.#resets;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Begins. */
  start(): void {
    this.#open();
  }

  /** The connection is there again: what was on its way is lost, and perhaps the consumer. */
  reconnected(): void {
    this.#wait = 0;
    this.#waking.abort();
    this.#lost();
  }

  /** A message was read, and there is room for others. */
  freed(size: number): void {
    this.#credit.freed(size);
    this.#consumer?.pull();
  }

  /** Ends; resolves once its consumer is deleted. */
  async end(): Promise<void> {
    this.#ending.abort();
    this.#waking.abort();
    const consumer = this.#consumer;
    this.#consumer = undefined;
    await consumer?.end();
    // one that is just being made must be deleted, too, while there is a connection
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
    // in the turn of its end: what is lost next must be opened anew
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

  /** Makes a consumer; returns whether it goes on. */
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
      this.#begin(made.num_pending);
    } catch (error) {
      consumer.end();
      throw error;
    }
    if (this.#isOver) await consumer.end();
    else this.#consumer = consumer;
    consumer.pull();
    return true;
  }

  /** Looks at the stream. */
  async #look(): Promise<void> {
    const { stream, lastPerSubject, untilNow } = this.#settings;
    const info = await this.#api.call<StreamInfo>(`STREAM.INFO.${stream}`).catch(ifNotPermitted);
    if (!info) return;
    checkNumbers(`read "${stream}"`, info.state?.last_seq, info.config && 0);
    if (info.config.retention === "workqueue") throw workQueue(stream);
    const isAnother = this.#place.look(info, lastPerSubject);
    // the one that was to be read to its end is gone
    if (isAnother && untilNow) throw new NotFoundError(`read "${stream}" to its end`, "stream");
    if (isAnother) {
      this.#beginning = undefined;
      this.#sink.replaced();
    }
    this.#longest = info.config.consumer_limits?.inactive_threshold || Infinity;
  }

  #begin(pending: number): void {
    this.#reported = undefined;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#sink.began(pending);
    }
    if (pending === 0) this.#beginning?.end();
    this.#beginning ??= this.#newBeginning(pending);
  }

  #newBeginning(pending: number): Beginning {
    const { stream, filters, isWhole } = this.#settings;
    return new Beginning({
      pending,
      last: this.#place.snapshot,
      isWhole,
      hasMore: (seq) => hasMoreBehind(this.#api, { stream, filters, seq, longest: this.#longest }),
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
    if (action === "skip" && message.pending === 0) this.#beginning?.end();
    else if (action === "deliver") this.#beginning?.take(message);
    if (action === "turn" && !(untilNow && isOver)) this.#lost();
  }

  /** Whether it was stored after the read has begun, and in no other's place. */
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
    const isGone = error instanceof NotFoundError && error.kind === "stream";
    if (!this.#hasBegun || (isGone && this.#settings.untilNow)) return this.#sink.failed(error);
    if (error.message === this.#reported) return;
    this.#reported = error.message;
    this.#api.access.report(error);
  }
}

function workQueue(stream: string): JetStreamError {
  const rule = "a work queue must have no reader beside its consumer: it is one";
  return new JetStreamError(`read "${stream}"`, rule);
}

/** A server may answer anything, and what it does not say must not become a place in the stream. */
function checkNumbers(action: string, ...numbers: readonly unknown[]): void {
  if (numbers.every((number) => Number.isSafeInteger(number) && (number as number) >= 0)) return;
  const rule = "an answer must have its numbers";
  throw new JetStreamError(action, `${rule}: ${numbers.map(String).join(", ")}`);
}

/** A user may read without being permitted to look at the stream: then another stream of its name is not noticed. */
function ifNotPermitted(error: unknown): undefined {
  if (!(error instanceof PermissionError)) throw error;
}
