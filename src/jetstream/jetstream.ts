import { checkOptions, describe, text } from "../options.ts";
import { handled } from "../promises.ts";
import { type NatsBroker, type ParamNames, Pattern } from "../door/mod.ts";
import { JetStreamApi } from "./api/js_api.ts";
import { checkName } from "./api/names.ts";
import { JetStreamDoor } from "./door.ts";
import { Batch, type BatchMessage, type BatchOptions, type StoredBatch } from "./publish/batch.ts";
import { ProgramPublisher, type Stored } from "./publish/program_publisher.ts";
import type { StoreOptions } from "./publish/store_options.ts";
import {
  PatternStoredPublisher,
  type StoredPublisher,
  type StoredPublisherOptions,
} from "./publish/stored_publisher.ts";
import type { Stream } from "./stream/stream.ts";

/** How to reach JetStream. */
export interface JetStreamOptions {
  /**
   * The domain of JetStream.
   *
   * @default {that of the server}
   */
  readonly domain?: string;
  /**
   * Streams to declare at start, besides those of consumers and publishers.
   *
   * @default {[]}
   */
  readonly streams?: readonly Stream[];
}

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
    const { subject } = new Pattern(pattern);
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
      const batch = new Batch(this.#api, this.#publisher, messages, options);
      ({ subject } = batch);
      return batch.publish();
    });
    return handled(stored, (error) => this.#publisher.failed(subject, error, options.signal));
  }
}

/**
 * JetStream of a broker: the same object each time for the same broker and domain. It sends nothing by itself.
 *
 * @throws {TypeError} for what is no broker, and for a wrong option
 */
export function jetstream(broker: NatsBroker, options: JetStreamOptions = {}): JetStream {
  checkOptions("use JetStream", options, { domain: text, streams: listOfStreams });
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

function listOfStreams(value: unknown): string | undefined {
  return Array.isArray(value) ? undefined : `a list of streams: ${describe(value)}`;
}
