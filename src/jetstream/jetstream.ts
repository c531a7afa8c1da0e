import type { Duration } from "../duration.ts";
import { handled } from "../promises.ts";
import { type ParamNames, Pattern } from "../door/mod.ts";
import { JetStreamApi } from "./api/js_api.ts";
import type { JetStreamDoor } from "./door.ts";
import type { StoredBatch } from "./publish/atomic_batch.ts";
import type { BatchOptions } from "./publish/batch.ts";
import { ProgramPublisher, type Stored } from "./publish/program_publisher.ts";
import type { StoreOptions } from "./publish/store_options.ts";
import {
  PatternStoredPublisher,
  type StoredPublisher,
  type StoredPublisherOptions,
} from "./publish/stored_publisher.ts";
import type { Ingest } from "./ingest/ingest.ts";
import type { IngestItem, IngestOptions } from "./ingest/ingest_options.ts";
import { openIngest } from "./ingest/open_ingest.ts";
import { type FactsOf, factsOf } from "./control/facts.ts";
import { consumerLag, type Lag } from "./control/lag.ts";
import { pauseConsumer, resumeConsumer } from "./control/pause.ts";
import type { ConsumerName } from "./control/subjects.ts";
import { type ReadMessage, type ReadOptions, readStream } from "./read/read_stream.ts";
import type { StreamReader } from "./read/stream_reader.ts";
import {
  type DeadLetterOptions,
  type DeadLetters,
  readDeadLetters,
} from "./replay/read_dead_letters.ts";
import { type BatchEntry, publishBatch } from "./schedule/schedule_batch.ts";
import type { ScheduledJob } from "./schedule/job.ts";
import {
  readSchedule,
  readSchedules,
  type ScheduledOf,
  type ScheduleListOptions,
  type ScheduleLookOptions,
} from "./schedule/read_schedules.ts";
import { scheduleMessage, type Scheduling } from "./schedule/schedule.ts";
import type { ScheduleOptions } from "./schedule/schedule_options.ts";
import type { When } from "./schedule/when.ts";
import type { Stream } from "./stream/stream.ts";

/** Only `jetstream()` makes one. */
export const MADE_BY_DOOR = Symbol();

/** JetStream as one broker reaches it; `jetstream()` makes it. */
export class JetStream {
  readonly #api: JetStreamApi;
  readonly #door: JetStreamDoor;
  readonly #publisher: ProgramPublisher;
  readonly #scheduling: Scheduling;

  /** Not for programs: `jetstream(broker)` makes one. */
  constructor(key: symbol, door: JetStreamDoor, domain: string | undefined) {
    if (key !== MADE_BY_DOOR) {
      throw new TypeError(
        "Cannot make JetStream as it must be made by jetstream(broker): it is not",
      );
    }
    this.#door = door;
    this.#api = JetStreamApi.of(door.access, domain);
    this.#publisher = new ProgramPublisher(this.#api, door.counts);
    this.#scheduling = {
      api: this.#api,
      publisher: this.#publisher,
      declared: (subject) => door.streamTaking(subject, domain),
      permit: (...subjects) => door.addNeeds(...subjects),
    };
  }

  /** The domain; `undefined` for that of the server. */
  get domain(): string | undefined {
    return this.#api.domain;
  }

  /**
   * Publishes; resolves once a stream has stored the message. It is sent again over outages, under one id, until the
   * timeout: stored once, or an error that says whether it may be stored. A failure but a conflict emits an `error` event,
   * whether or not the program awaits the promise.
   *
   * @throws {ConflictError} if what `expect` says does not hold
   * @throws {NoStreamError} if no stream takes the subject
   * @throws {LimitError} if a limit of the stream or the account is reached
   * @throws {NotStoredError} if it could not be sent in time
   * @throws {UnknownOutcomeError} if it was sent and nothing was answered in time
   * @throws {UnavailableError} if the server is too old for an option
   * @throws {RangeError} for a timeout beyond the stream's duplicate window
   * @throws {EncodeError} for a body that cannot be encoded
   * @throws {ValidationError} for a body that does not fit the schema
   * @throws {TypeError} for a wrong option, and for a header of NATS
   */
  publish<Body = unknown>(
    subject: string,
    body?: Body,
    options?: StoreOptions<Body>,
  ): Promise<Stored> {
    return this.#publisher.publish(subject, body, options as StoreOptions | undefined);
  }

  /**
   * Makes a publisher for a subject, or for a pattern such as `"orders.{id}.placed"` that each message fills in.
   *
   * @throws {InvalidSubjectError} at once, for an invalid pattern
   * @throws {TypeError} at once, for a wrong option, and for a header that no message may have
   */
  publisher<
    const Text extends string,
    Body = unknown,
    const Names extends string = ParamNames<Text>,
  >(
    pattern: Text,
    options: StoredPublisherOptions<Body, Names> = {},
  ): StoredPublisher<Names, Body> {
    const { subject } = new Pattern(pattern, "make a publisher");
    const given = options as StoredPublisherOptions;
    const publisher = new PatternStoredPublisher(pattern, this.#publisher, given);
    if (options.stream) this.#door.addStream(options.stream);
    this.#door.addPublisher(pattern, subject);
    return publisher as unknown as StoredPublisher<Names, Body>;
  }

  /**
   * Stores all messages or none, in their order. They must belong to one stream with `allowAtomic`, on nats-server 2.12 or
   * later, and be 1 000 at most. A message with `schedule` among its options is due later: its schedule is stored with the
   * rest.
   *
   * @throws {ConflictError} if what a message expects does not hold
   * @throws {NoStreamError} if no stream takes one of the subjects
   * @throws {UnknownOutcomeError} if nothing was answered in time
   * @throws {JetStreamError} with the server's own reason
   * @throws {TypeError} for an empty list, one that is too long, and a wrong option
   */
  batch(messages: readonly BatchEntry[], options: BatchOptions = {}): Promise<StoredBatch> {
    let subject = "a batch";
    const stored = Promise.try(() =>
      publishBatch(this.#scheduling, messages, options, (first) => subject = first)
    );
    return handled(stored, (error) => this.#publisher.failed(subject, error, options?.signal));
  }

  /**
   * Publishes later: once, at an interval, or by the calendar. Resolves once a stream has stored the schedule, which then
   * fires whether or not a process runs. The stream must be declared with `allowMsgSchedules`. A name makes the schedule
   * unique and lets a program find it again; `replace` replaces it, for example to put it off. Without a name, each call
   * adds a schedule. {@linkcode When} says how to
   * name a time, and {@linkcode ScheduledJob} what can happen to a schedule. Needs nats-server 2.14.
   *
   * @throws {ConflictError} if a schedule has the name already, and `replace` is not set
   * @throws {NotFoundError} if the stream named by `stream` does not exist
   * @throws {NoScheduleError} if the stream cannot hold the schedule, or would drop it before it is due
   * @throws {NoStreamError} if no stream takes the subject
   * @throws {UnavailableError} if the server is too old
   * @throws {NotStoredError} if it could not be sent in time
   * @throws {UnknownOutcomeError} if it was sent and nothing was answered in time
   * @throws {TypeError} for a wrong time, pattern, zone or option
   */
  schedule<Body = unknown>(
    subject: string,
    when: When,
    body?: Body,
    options?: ScheduleOptions<Body>,
  ): Promise<ScheduledJob> {
    const given = options as ScheduleOptions | undefined;
    const job = Promise.try(() => scheduleMessage(this.#scheduling, subject, when, body, given));
    return handled(job, (error) => this.#publisher.failed(subject, error, given?.signal));
  }

  /**
   * Lists the schedules of a stream, in the order in which they were made. Each can be cancelled, from any process. Pass a
   * work queue as its declaration, not by its name, because the server lets only its consumers read it.
   *
   * @throws {TypeError} for a wrong option, and for what is no stream
   */
  schedules<Subjects extends string = string, Body = unknown>(
    stream: Stream<Subjects> | string,
    options: ScheduleListOptions<Body> = {},
  ): StreamReader<ScheduledOf<Body, Subjects>> {
    return readSchedules(this.#scheduling, stream, options);
  }

  /**
   * Finds a schedule by its name; `undefined` if it has fired, was cancelled, or never existed.
   *
   * @throws {NotFoundError} if there is no such stream
   * @throws {ValidationError} for a body that does not fit the schema
   */
  scheduled<Subjects extends string = string, Body = unknown>(
    stream: Stream<Subjects> | string,
    name: string,
    options: ScheduleLookOptions<Body> = {},
  ): Promise<ScheduledOf<Body, Subjects> | undefined> {
    return handled(Promise.try(() => readSchedule(this.#scheduling, stream, name, options)));
  }

  /**
   * Makes a `WritableStream` that stores the items written to it, in order, each once. It makes the writer wait while too
   * many items are not stored yet. An item is a body; for a pattern such as `"readings.{id}"` it is a message with
   * `params`. {@linkcode Ingest} has an example.
   *
   * @throws {InvalidSubjectError} for an invalid pattern
   * @throws {TypeError} for a wrong option, and for a header that no message may have
   * @throws {RangeError} for a timeout beyond the stream's duplicate window
   */
  ingest<
    const Text extends string,
    Body = unknown,
    const Names extends string = ParamNames<Text>,
  >(
    pattern: Text,
    options: IngestOptions<Body, Names> = {},
  ): Ingest<IngestItem<Names, Body>> {
    const ways = { api: this.#api, publisher: this.#publisher, counts: this.#door.counts };
    const ingest = openIngest(ways, pattern, options as IngestOptions);
    if (options.stream) this.#door.addStream(options.stream);
    this.#door.addPublisher(pattern, new Pattern(pattern).subject);
    return ingest as unknown as Ingest<IngestItem<Names, Body>>;
  }

  /**
   * Reads a stream in order, each message once, and acknowledges nothing: over outages, and whatever becomes of the
   * consumer on the server, it goes on where it was. The server sends no more than there is room for.
   *
   * @throws {TypeError} for a wrong option, and for what is no stream
   * @throws {InvalidSubjectError} for an invalid subject
   */
  read<Subjects extends string = string, Body = unknown, const Subject extends string = Subjects>(
    stream: Stream<Subjects> | string,
    options: ReadOptions<Body, Subject> = {},
  ): StreamReader<ReadMessage<Body, Subject>> {
    return readStream(this.#api, stream, options, this.#permit);
  }

  /**
   * Reads the messages of a stream that its consumers gave up; each can be given back to the consumer that gave it up, or
   * to all, or be discarded, as {@linkcode DeadMessage} shows. It ends with the last one that is there, unless it is to
   * `follow`.
   *
   * @throws {TypeError} for a wrong option, and for what is no stream
   */
  deadLetters<Subjects extends string = string, Body = unknown>(
    stream: Stream<Subjects> | string,
    options: DeadLetterOptions<Body> = {},
  ): DeadLetters<Body, Subjects> {
    return readDeadLetters(this.#api, stream, options, this.#permit);
  }

  /**
   * Has a consumer deliver nothing for so long, or until then, whatever its processes do; resolves with the end of the
   * pause. What is worked on goes on. Needs nats-server 2.11.
   *
   * @throws {NotFoundError} if there is no such consumer
   * @throws {UnavailableError} if the server is too old
   * @throws {JetStreamError} if its end is over by the server's clock
   * @throws {TypeError} for a time that is over, and for what is no consumer
   */
  pause(consumer: ConsumerName, pause: Duration | Date): Promise<Date> {
    return handled(Promise.try(() => pauseConsumer(this.#api, consumer, pause, this.#permit)));
  }

  /**
   * Has a paused consumer go on, within its `heartbeat`; resolves with whether it was paused.
   *
   * @throws {NotFoundError} if there is no such consumer
   * @throws {UnavailableError} if the server is too old
   */
  resume(consumer: ConsumerName): Promise<boolean> {
    return handled(Promise.try(() => resumeConsumer(this.#api, consumer, this.#permit)));
  }

  /**
   * Asks the server what a consumer has not done yet. Messages that were published before the call count.
   *
   * @throws {NotFoundError} if there is no such consumer, or it is one with `partitions` and these were not given
   */
  lag(consumer: ConsumerName): Promise<Lag> {
    return handled(Promise.try(() => consumerLag(this.#api, consumer, this.#permit)));
  }

  /**
   * Asks the server about a stream, or about a consumer.
   *
   * @throws {NotFoundError} if there is no such stream or consumer
   */
  info<Of extends Stream | string | ConsumerName>(of: Of): Promise<FactsOf<Of>> {
    return handled(Promise.try(() => factsOf(this.#api, of, this.#permit)));
  }

  /** Notes where a method publishes to, for `broker.permissions()`. */
  readonly #permit = (...subjects: readonly string[]): void => this.#door.addNeeds(...subjects);
}
