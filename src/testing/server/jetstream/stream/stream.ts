import { advise, newId } from "../advisories.ts";
import { ApiError } from "../api/errors.ts";
import type { Context } from "../context.ts";
import { withoutStatus } from "../header_block.ts";
import type { InternalSubscription } from "../internal_client.ts";
import type { Published, StoredMessage } from "../message.ts";
import { Batches } from "./batches.ts";
import { Copies } from "./copies.ts";
import type { StreamConfig } from "./config.ts";
import { FastBatches } from "./fast_batches.ts";
import { isFastPart } from "./fast_part.ts";
import { DirectGet } from "./direct_get.ts";
import { Expiry } from "./expiry.ts";
import { Ingest } from "./ingest.ts";
import type { Interest } from "./interest.ts";
import type { MessageLog } from "./message_log.ts";
import type { MirroredPlace } from "./mirror_copier.ts";
import { Republishing } from "./republishing.ts";
import { Schedules } from "./schedules.ts";
import { type PurgeRequest, StreamState } from "./state.ts";
import { SubjectTransform } from "./subject_transform.ts";

/** What a stream takes beside its configuration and its messages: measured. */
const STREAM = 8 * 1_024;
/** The length of a stream's identity. */
const IDENTITY = 8;

/** A stream: it takes in what is published to its subjects, keeps it by its rules, and gives it to its consumers. */
export class Stream {
  readonly #context: Context;
  readonly #state: StreamState;
  readonly #ingest: Ingest;
  readonly #batches: Batches;
  readonly #fastBatches: FastBatches;
  readonly #expiry: Expiry;
  readonly #schedules: Schedules;
  readonly #copies: Copies;
  /** Identifies the stream; a stream that is created again under the same name gets another identity. */
  readonly identity: string = newId().slice(0, IDENTITY);
  /** What it takes with nothing in it, in bytes as they are estimated. */
  #own = 0;
  #directGet: DirectGet | undefined;
  #republishing: Republishing | undefined;
  #transform: SubjectTransform | undefined;
  #subscriptions = new Map<string, InternalSubscription>();

  constructor(context: Context, config: StreamConfig) {
    const { clock, memory, origins } = context;
    this.#context = context;
    this.#state = new StreamState(config, clock.wallTime(), (message) => this.#forget(message));
    this.#ingest = new Ingest(this.#state, clock, memory, {
      stored: (message, before) => this.#stored(message, before),
    });
    const own = (published: Published) => this.#tryOwn(published);
    this.#expiry = new Expiry(this.#state, clock, own);
    this.#schedules = new Schedules(this.#state, clock, own);
    this.#batches = new Batches(context, this.#state, this.#ingest);
    this.#fastBatches = new FastBatches(context, this.#state, this.#ingest);
    const take = (published: Published, place?: MirroredPlace) => this.#takeOwn(published, place);
    this.#copies = new Copies({ origins, clock, state: this.#state, take });
    try {
      this.#follow(config);
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** The name of the stream. */
  get name(): string {
    return this.config.name;
  }

  /** What it is like now. */
  get config(): StreamConfig {
    return this.#state.config;
  }

  /** When it was made, in milliseconds since 1970. */
  get created(): number {
    return this.#state.created;
  }

  /** Its messages, to be read. */
  get log(): MessageLog {
    return this.#state.log;
  }

  /** The copied streams, as responses show them. */
  get copied(): object {
    return this.#copies.info();
  }

  /** Its consumers. */
  get consumers(): Interest {
    return this.#state.consumers;
  }

  /** It is another from now on; the configuration has been checked. */
  update(config: StreamConfig): void {
    const before = this.config;
    try {
      this.#follow(config);
    } catch (error) {
      this.#follow(before);
      throw error;
    }
    this.#state.config = config;
    if (!config.allow_atomic) this.#batches.clear();
    if (!config.allow_batched) this.#fastBatches.clear();
    this.#state.keepWithinLimits();
    this.#state.keepPerSubject();
    if (config.allow_msg_schedules && !before.allow_msg_schedules) this.#schedules.restore();
    this.#expiry.restore();
    if (before.retention !== "interest") this.releaseAfter(0);
    this.#copies.follow(config);
    this.#note();
    this.#announce("UPDATED", "modify");
  }

  /** Removes one message; `false` if it is not there. */
  removeMessage(seq: number): boolean {
    const removed = this.#state.remove(seq);
    this.#note();
    return removed;
  }

  /** Removes many messages; gives how many. */
  purge(request: PurgeRequest): number {
    const purged = this.#state.purge(request);
    this.#note();
    return purged;
  }

  /**
   * A consumer has done with a message, or is gone: a stream that keeps what is needed lets it go where no other
   * consumer needs it.
   */
  release(seq: number): void {
    if (this.config.retention === "limits") return;
    const message = this.log.get(seq);
    if (message && !this.consumers.needs(message)) this.removeMessage(seq);
  }

  /** Lets go of all messages after a sequence that a stream which keeps what is needed keeps for nobody any more. */
  releaseAfter(seq: number): void {
    if (this.config.retention !== "interest") return;
    for (const message of this.log.each(seq + 1)) this.release(message.seq);
  }

  /** Tells all that the stream is there. */
  begin(): void {
    this.#copies.follow(this.config);
    this.#note();
    this.#announce("CREATED", "create");
  }

  /** Ends for good, with its consumers. */
  delete(): void {
    this.stop();
    for (const consumer of this.consumers.all()) consumer.ended();
    this.#context.memory.note(this, 0);
    this.#announce("DELETED", "delete");
  }

  /** Takes in nothing any more, and does nothing by itself. */
  stop(): void {
    for (const subscription of this.#subscriptions.values()) {
      this.#context.client.unsubscribe(subscription);
    }
    this.#subscriptions.clear();
    this.#directGet?.stop();
    this.#expiry.stop();
    this.#schedules.stop();
    this.#copies.stop();
    this.#batches.clear();
    this.#fastBatches.clear();
  }

  /** Subscribes as the configuration says. */
  #follow(config: StreamConfig): void {
    const { subject_transform, republish, subjects } = config;
    this.#own = STREAM + JSON.stringify(config).length;
    const { client, clock } = this.#context;
    this.#transform = subject_transform &&
      SubjectTransform.of(subject_transform.src, subject_transform.dest, clock.random);
    this.#republishing = republish && new Republishing(this.#context, config.name, republish);
    if (!config.allow_direct) {
      this.#directGet?.stop();
      this.#directGet = undefined;
    } else {
      this.#directGet ??= new DirectGet(client, config.name, this.log, this.#context.maxPending);
    }
    const wanted = new Set(subjects);
    for (const [subject, subscription] of this.#subscriptions) {
      if (wanted.has(subject)) continue;
      client.unsubscribe(subscription);
      this.#subscriptions.delete(subject);
    }
    for (const subject of subjects) {
      if (this.#subscriptions.has(subject)) continue;
      const subscription = client.subscribe(subject, (published) => this.#receive(published));
      this.#subscriptions.set(subject, subscription);
    }
  }

  #receive(published: Published): void {
    const { subject } = published;
    const headers = withoutStatus(published.headers);
    const message = { ...published, subject: this.#transform?.apply(subject) ?? subject, headers };
    try {
      this.#store(message);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#say(message, { error, stream: this.name, seq: 0 });
    }
    this.#note();
  }

  #store(message: Published): void {
    if (isFastPart(message.reply)) {
      return this.#fastBatches.add(message, (said) => this.#answer(message, said));
    }
    const ack = Batches.takes(message) ? this.#batches.add(message) : this.#ingest.accept(message);
    this.#say(message, ack === "held" ? undefined : { stream: this.name, ...ack });
  }

  /** Stores a message that the stream itself publishes; ignores a refusal, because there is no publisher to answer. */
  #tryOwn(published: Published): void {
    try {
      this.#takeOwn(published);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Stores a message that the server itself publishes; throws an {@linkcode ApiError} if the stream refuses it. */
  #takeOwn(published: Published, place?: MirroredPlace): void {
    const subject = this.#transform?.apply(published.subject) ?? published.subject;
    this.#ingest.acceptOwn({ ...published, subject }, place);
    this.#note();
  }

  /** Answers a published message, unless the stream does not acknowledge. */
  #say(published: Published, said: object | undefined): void {
    if (!this.config.no_ack) this.#answer(published, said);
  }

  /** Answers what was published; `undefined` is an answer without words. */
  #answer({ reply }: Published, said: object | undefined): void {
    if (reply === "") return;
    this.#context.client.publish(reply, said && { body: JSON.stringify(said) });
  }

  #stored(message: StoredMessage, lastOfSubject: number): void {
    this.#expiry.note(message);
    this.#copies.note(message);
    if (this.config.allow_msg_schedules) this.#schedules.note(message);
    this.#republishing?.publish(message, lastOfSubject);
    this.consumers.stored(message);
  }

  /** A message is gone, or all are. */
  #forget(message: StoredMessage | undefined): void {
    this.#expiry.forget(message?.seq);
    this.#schedules.forget(message?.seq, message?.subject);
  }

  #note(): void {
    const { log, ids } = this.#state;
    const parts = [log, ids, this.#batches, this.#expiry, this.#schedules, this.#copies];
    const held = parts.reduce((sum, part) => sum + part.held, this.#own);
    this.#context.memory.note(this, held);
  }

  #announce(what: string, action: string): void {
    const facts = { stream: this.name, action };
    advise(this.#context, `STREAM.${what}.${this.name}`, "stream_action", facts);
  }
}
