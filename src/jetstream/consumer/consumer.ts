import { type BrokerAccess, type Needs, type Sink, type Source, source } from "../../door/mod.ts";
import { JetStreamApi } from "../api/js_api.ts";
import type { Declare, DeclaredStream } from "../stream/declare_stream.ts";
import { declaredConfig, heldSubjects, type Stream } from "../stream/stream.ts";
import type { ConsumerOptions } from "./consumer_options.ts";
import { consumerNeedsOf } from "./consumer_permissions.ts";
import { ConsumerServer } from "./consumer_server.ts";
import { type ConsumerSettings, consumerSettings } from "./consumer_settings.ts";
import type { CheckedConsumer, ConsumerPattern } from "./consumer_types.ts";
import { hasOwn, movesJobs } from "./long_retries.ts";
import type { BatchVerdicts } from "./batches.ts";
import { OpenPartitions } from "./partitions/open_partitions.ts";
import { checkPartitions, partitionSettings } from "./partitions/queue.ts";
import { QueueKeeper } from "./partitions/queue_keeper.ts";
import { OpenConsumer } from "./open_consumer.ts";
import type { StoredDelivery } from "./stored_delivery.ts";
import type { Turns } from "./turns.ts";

/** What each message of a consumer has besides. */
export interface Delivered {
  /** Which message it is, and how often it was delivered. */
  readonly delivery: StoredDelivery;
}

/** What a consumer gives its handler, for the compiler. */
export interface ConsumerKind<Subjects extends string, Options> {
  /** The pattern of its messages, or several. */
  readonly pattern: ConsumerPattern<Subjects, Options>;
  /** What each message has besides. */
  readonly besides: Options extends { readonly batch: object } ? Delivered & BatchVerdicts
    : Delivered;
  /** Whether the handler gets a list. */
  readonly batch: Options extends { readonly batch: object } ? true : false;
}

/** A consumer as a program declares it: a plain value without a broker, which `broker.subscriber()` takes. */
export interface Consumer<Subjects extends string = string, Options = ConsumerOptions>
  extends Source<ConsumerKind<Subjects, Options>> {
  /** Its name, which is that of the durable consumer on the server. */
  readonly name: string;
  /** Whose messages it takes. */
  readonly stream: Stream<Subjects>;
  /** The stream of what it gives up; `undefined` if that is dropped. */
  readonly deadLetter: string | undefined;
  /** How many partitions the consumer has, if it keeps the order of keys over all processes. */
  readonly partitions: number | undefined;
}

/**
 * Declares a consumer: a handler's place in a stream, shared by all processes that name it. At start it is made, changed
 * or checked as the stream's `declare` says. The outcome of the handler is the acknowledgement: what it returns is
 * dropped, a throw has the message tried again, {@linkcode Reject} makes it a dead letter at once, and {@linkcode Retry}
 * says when it is wanted again.
 *
 * | what | default | why |
 * | --- | --- | --- |
 * | `concurrency` of the subscriber | 64 | that many messages are taken in, and none waits here while its time runs |
 * | `retry.attempts` | 5 | four waits, of six minutes in all, outlast a restart of what the handler needs |
 * | `retry.backoff` | 1 s, 10 s, 1 min, 5 min | at first for what passes at once, then for what takes its time |
 * | `timeout` | 5 min | a handler that hangs must not keep its place for ever |
 * | `ackWait` | 30 s | as long as a killed process keeps its messages, and as a busy one may be silent |
 * | `maxAckPending` | 1 000, the server's | shared by all processes; a message that waits for its next attempt counts, too, unless it waits as a schedule |
 * | `from` | `"first"` | a new consumer misses nothing |
 * | `declare` of the stream | `"verify"` | nothing on a server changes by surprise |
 * | `deadLetter` | the stream's name with `_DEAD`, kept for 30 days | nothing is lost without a word |
 *
 * A changed option at the next start: with `declare: "update"` the server's consumer is changed, and an error names what
 * cannot be: `from`, `replayPolicy`, `maxWaiting`, `storage`. With `"create"` and `"verify"` every difference is an error
 * that names it. What counts here only, `retry`, `timeout`, `key`, `batch`, `confirm`, `ack`, `deadLetter`, may always
 * change.
 *
 * The stream of the dead letters is made with `"create"` and `"update"`; with `"verify"` it must exist, with the subject
 * `NAME.>`. A consumer `STREAM~NAME` on it reads what is replayed.
 *
 * @throws {TypeError} for a wrong name or option, or a subject outside of the stream
 * @throws {InvalidSubjectError} for a wrong pattern
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { consumer, jetstream, Reject, stream } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const orders = stream("ORDERS", { subjects: ["orders.{id}.{event}"], declare: "create" });
 * const billing = consumer(orders, "billing", {
 *   subject: "orders.{id}.placed",
 *   retry: { attempts: 3, backoff: ["1s", "10s"] },
 * });
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const bills: string[] = [];
 * const subscriber = broker.subscriber(billing, ({ params, body, delivery }) => {
 *   if (body === null) throw new Reject("no order");
 *   bills.push(`${params.id} ${delivery.id} ${delivery.attempt}`);
 * });
 * await using _test = await TestBroker.start(broker); // in a program: await broker.start()
 *
 * await jetstream(broker).publish("orders.7.placed", { total: 12 });
 * await subscriber.received();
 * assertEquals(bills, ["7 ORDERS:1 1"]);
 * ```
 *
 * @example Lists, and messages of one key in order
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { consumer, jetstream, stream } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const stored: unknown[] = [];
 * const lists = consumer(orders, "archive", { batch: { max: 100, within: "50ms" } });
 * const archive = broker.subscriber(lists, (messages) => {
 *   for (const { body, reject } of messages) {
 *     if (body === "nothing") reject("nothing to archive"); // the others are acknowledged
 *     else stored.push(body);
 *   }
 * });
 * broker.subscriber(consumer(orders, "ship", { key: "id" }), () => {}); // one order at a time
 * await using _test = await TestBroker.start(broker);
 *
 * const js = jetstream(broker);
 * await Promise.all(["tea", "nothing", "milk"].map((body) => js.publish("orders.7", body)));
 * await archive.received();
 * assertEquals(stored, ["tea", "milk"]);
 * ```
 */
export function consumer<
  const Subjects extends string,
  const Options extends ConsumerOptions = Record<never, never>,
>(
  stream: Stream<Subjects>,
  name: string,
  options?: ConsumerOptions & Options & CheckedConsumer<Subjects, Options>,
): Consumer<Subjects, Options> {
  const config = declaredConfig(`make the consumer "${name}"`, stream);
  const { unique } = stream;
  const held = { name: stream.name, subjects: heldSubjects(stream), unique };
  const settings = consumerSettings(held, name, options ?? {});
  const { declare, domain } = stream;
  checkMoves(settings, declare);
  checkPartitions(`make the consumer "${name}"`, settings, stream.isWorkQueue);
  const driver = new ConsumerDriver(settings, config, declare, domain);
  const { deadLetter, partitions } = settings;
  const made = source<
    ConsumerKind<Subjects, Options>,
    Pick<Consumer<Subjects>, "stream" | "deadLetter" | "partitions">
  >(name, driver, { stream, deadLetter, partitions });
  drivers.set(made, driver);
  return made;
}

const drivers = new WeakMap<object, ConsumerDriver>();

/** The driver of a consumer; `undefined` for any other value. */
export function driverOfConsumer(value: unknown): ConsumerDriver | undefined {
  return typeof value === "object" && value !== null ? drivers.get(value) : undefined;
}

/** Checks that a consumer can move jobs off their subjects. */
function checkMoves(settings: ConsumerSettings, declare: Declare): void {
  if (!movesJobs(settings) || (declare !== "leave" && !settings.group)) return;
  const found = declare === "leave" ? 'its stream has declare: "leave"' : 'it has a "group"';
  const rule = 'unique: "while-queued" needs a declared stream, and no "group"';
  throw new TypeError(`Cannot make the consumer "${settings.name}" as ${rule}: ${found}`);
}

/** Opens a consumer on a broker. */
export class ConsumerDriver {
  readonly pattern: string;
  readonly batch: boolean;
  /** Whether its processes form a group. */
  readonly hasGroup: boolean;
  readonly #settings: ConsumerSettings;
  readonly #stream: DeclaredStream;
  readonly #declare: Declare;
  readonly #domain: string | undefined;

  constructor(
    settings: ConsumerSettings,
    stream: DeclaredStream,
    declare: Declare,
    domain: string | undefined,
  ) {
    const [first] = settings.patterns;
    this.pattern = settings.patterns.length === 1 ? first!.text : ">";
    this.batch = settings.batch !== undefined;
    this.hasGroup = settings.group !== undefined;
    this.#settings = settings;
    this.#stream = stream;
    this.#declare = declare;
    this.#domain = domain;
  }

  get needs(): Needs {
    const isOwn = hasOwn(this.#settings, this.#stream, this.#declare);
    return { publish: consumerNeedsOf(this.#settings, this.#declare, this.#domain, isOwn) };
  }

  get description(): Readonly<Record<string, unknown>> {
    const { stream, name, patterns, retry, deadLetter, timeout, batch, partitions } =
      this.#settings;
    return {
      stream,
      consumer: name,
      subjects: patterns.map(({ text }) => text),
      declare: this.#declare,
      attempts: retry.attempts,
      timeout,
      ...deadLetter !== undefined && { deadLetter },
      ...batch && { batch },
      ...partitions && { partitions },
    };
  }

  /** Opens the consumer on a broker. */
  open(sink: Sink, access: BrokerAccess): OpenConsumer | OpenPartitions {
    const isCut = this.#settings.partitions !== undefined;
    return isCut ? this.#openPartitions(sink, access) : this.openOne(sink, access);
  }

  /** Opens a consumer without partitions; with `turns` it shares its places with others. */
  openOne(sink: Sink, access: BrokerAccess, turns?: Turns): OpenConsumer {
    return this.#opened(sink, access, this.#settings, this.#stream, turns);
  }

  #openPartitions(sink: Sink, access: BrokerAccess): OpenPartitions {
    const api = JetStreamApi.of(access, this.#domain);
    const settings = this.#settings;
    const report = (error: Error) => sink.report(error);
    const queue = new QueueKeeper(api, settings, this.#stream, this.#declare, report);
    const open = (own: Sink) =>
      partitionSettings(settings).map((each) =>
        this.#opened(own, access, each, { name: each.partition!.queue }, undefined, queue)
      );
    return new OpenPartitions(sink, access, settings.ackWait, open, queue);
  }

  #opened(
    sink: Sink,
    access: BrokerAccess,
    settings: ConsumerSettings,
    stream: DeclaredStream,
    turns?: Turns,
    queue?: QueueKeeper,
  ): OpenConsumer {
    const api = JetStreamApi.of(access, this.#domain);
    const report = (error: Error) => sink.report(error);
    const server = new ConsumerServer(api, stream, this.#declare, settings, report, queue);
    return new OpenConsumer(sink, access, settings, server, turns);
  }
}
