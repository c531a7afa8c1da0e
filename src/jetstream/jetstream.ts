import type { Duration } from "../duration.ts";
import { checkOptions } from "../options.ts";
import { handled } from "../promises.ts";
import { type NatsBroker, type ParamNames, Pattern } from "../door/mod.ts";
import { JetStreamApi } from "./api/js_api.ts";
import { checkName } from "./api/names.ts";
import { JetStreamDoor } from "./door.ts";
import { JETSTREAM_RULES, type JetStreamOptions } from "./jetstream_options.ts";
import type { StoredBatch } from "./publish/atomic_batch.ts";
import { type BatchMessage, batchOf, type BatchOptions } from "./publish/batch.ts";
import { ProgramPublisher, type Stored } from "./publish/program_publisher.ts";
import type { StoreOptions } from "./publish/store_options.ts";
import {
  PatternStoredPublisher,
  type StoredPublisher,
  type StoredPublisherOptions,
} from "./publish/stored_publisher.ts";
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
import type { Stream } from "./stream/stream.ts";

const known = new WeakMap<NatsBroker, Map<string, JetStream>>();
/** Only {@linkcode jetstream} makes one. */
const MADE_HERE = Symbol();

/** JetStream as one broker reaches it; {@linkcode jetstream} makes it. */
export class JetStream {
  readonly #api: JetStreamApi;
  readonly #door: JetStreamDoor;
  readonly #publisher: ProgramPublisher;

  /** Not for programs: `jetstream(broker)` makes one. */
  constructor(key: symbol, door: JetStreamDoor, domain: string | undefined) {
    if (key !== MADE_HERE) {
      throw new TypeError(
        "Cannot make JetStream as it must be made by jetstream(broker): it is not",
      );
    }
    this.#door = door;
    this.#api = JetStreamApi.of(door.access, domain);
    this.#publisher = new ProgramPublisher(this.#api, door.counts);
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
   * @example
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { ConflictError, jetstream, stream } from "@signalbox/nats/jetstream";
   * import { TestBroker } from "@signalbox/nats/testing";
   * import { assertEquals, assertRejects } from "@std/assert";
   *
   * const orders = stream("ORDERS", { subjects: ["orders.>"], declare: "create" });
   * const broker = new NatsBroker();
   * const js = jetstream(broker, { streams: [orders] });
   * await using _test = await TestBroker.start(broker);
   *
   * const { seq } = await js.publish("orders.7.placed", { total: 12 }, { id: "order-7" });
   * const again = await js.publish("orders.7.placed", { total: 12 }, { id: "order-7" });
   * assertEquals([again.seq, again.duplicate], [seq, true]);
   *
   * const expect = { lastSeq: seq, of: "orders.7.*" };
   * await js.publish("orders.7.paid", { total: 12 }, { expect });
   * await assertRejects(() => js.publish("orders.7.paid", { total: 12 }, { expect }), ConflictError);
   * ```
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
   * @throws {TypeError} at once, for a wrong option
   * @example
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { jetstream, stream } from "@signalbox/nats/jetstream";
   * import { TestBroker } from "@signalbox/nats/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const orders = stream("ORDERS", { subjects: ["orders.{id}.{event}"], declare: "create" });
   * const broker = new NatsBroker();
   * const placed = jetstream(broker).publisher("orders.{id}.placed", { stream: orders });
   * await using _test = await TestBroker.start(broker);
   *
   * const { seq } = await placed.publish({ id: "7" }, { total: 12 });
   * assertEquals(seq, 1);
   * ```
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
   * Stores all messages or none, in their order: they must be of one stream, with `allowAtomic`, on nats-server 2.12 or
   * later, and at most 1 000.
   *
   * @throws {ConflictError} if what a message expects does not hold
   * @throws {NoStreamError} if no stream takes one of the subjects
   * @throws {UnknownOutcomeError} if nothing was answered in time
   * @throws {JetStreamError} with the server's own reason
   * @throws {TypeError} for an empty list, one that is too long, and a wrong option
   * @example
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { jetstream, stream } from "@signalbox/nats/jetstream";
   * import { TestBroker } from "@signalbox/nats/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const orders = stream("ORDERS", { subjects: ["orders.>"], allowAtomic: true, declare: "create" });
   * const broker = new NatsBroker();
   * const js = jetstream(broker, { streams: [orders] });
   * await using _test = await TestBroker.start(broker);
   *
   * const { seq, count } = await js.batch([
   *   ["orders.8.placed", { total: 1 }, { expect: { lastSeq: 0, of: "orders.8.placed" } }],
   *   ["orders.8.paid", { total: 1 }],
   * ]);
   * assertEquals([seq, count], [2, 2]);
   * ```
   */
  batch(messages: readonly BatchMessage[], options: BatchOptions = {}): Promise<StoredBatch> {
    let subject = "a batch";
    const stored = Promise.try(() => {
      const batch = batchOf(this.#api, this.#publisher, messages, options);
      ({ subject } = batch);
      return batch.publish();
    });
    return handled(stored, (error) => this.#publisher.failed(subject, error, options.signal));
  }

  /**
   * Reads a stream in order, each message once, and acknowledges nothing: over outages, and whatever becomes of the
   * consumer on the server, it goes on where it was. The server sends no more than there is room for.
   *
   * @throws {TypeError} for a wrong option, and for what is no stream
   * @throws {InvalidSubjectError} for an invalid subject
   * @example
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { jetstream, stream } from "@signalbox/nats/jetstream";
   * import { TestBroker } from "@signalbox/nats/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const orders = stream("ORDERS", { subjects: ["orders.{id}.{event}"], declare: "create" });
   * const broker = new NatsBroker();
   * const js = jetstream(broker, { streams: [orders] });
   * await using _test = await TestBroker.start(broker);
   * await js.publish("orders.7.placed");
   *
   * for await (const { params } of js.read(orders, { until: "now" })) {
   *   assertEquals(params, { id: "7", event: "placed" });
   * }
   * ```
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
   * Asks the server what a consumer has not done yet.
   *
   * @throws {NotFoundError} if there is no such consumer
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

/**
 * JetStream of a broker: the same object each time for the same broker and domain. It sends nothing by itself.
 *
 * @throws {TypeError} for what is no broker, and for a wrong option
 */
export function jetstream(broker: NatsBroker, options: JetStreamOptions = {}): JetStream {
  checkOptions("use JetStream", options, JETSTREAM_RULES);
  const { domain, streams = [] } = options;
  if (domain !== undefined) checkName("use JetStream", domain);
  const door = JetStreamDoor.of(broker);
  for (const stream of streams) door.addStream(stream);
  let made = known.get(broker);
  if (!made) known.set(broker, made = new Map());
  let found = made.get(domain ?? "");
  if (!found) made.set(domain ?? "", found = new JetStream(MADE_HERE, door, domain));
  return found;
}
