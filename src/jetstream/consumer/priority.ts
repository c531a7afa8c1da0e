import {
  type Arrival,
  type BrokerAccess,
  type Delivery,
  type Invocation,
  type Kind,
  type Needs,
  Pattern,
  type Sink,
  type Source,
  source,
} from "../../door/mod.ts";
import { describe } from "../../options.ts";
import {
  type Consumer,
  type ConsumerDriver,
  type Delivered,
  driverOfConsumer,
} from "./consumer.ts";
import type { ConsumerPattern } from "./consumer_types.ts";
import type { OpenConsumer } from "./open_consumer.ts";
import { OpenPriority } from "./open_priority.ts";
import { ANY } from "./consumer_settings.ts";
import { Turns } from "./turns.ts";

/** The type of the messages that several consumers give to one handler. */
export interface PriorityKind<Of extends Consumer> {
  /** The patterns of the messages. */
  readonly pattern: Of extends Consumer<infer Subjects, infer Options>
    ? ConsumerPattern<Subjects, Options>
    : string;
  /** The additional fields of each message. */
  readonly besides: Delivered;
  /** Always `false`: the handler gets one message at a time. */
  readonly batch: false;
}

/** The type of consumers without a batch. */
export type OneByOne<Of extends readonly unknown[]> = {
  readonly [At in keyof Of]: Of[At] extends Source<infer K extends Kind>
    ? K["batch"] extends true ? { readonly batch: undefined } : Of[At]
    : Of[At];
};

/** The type of two or more consumers; a spread list, whose length the compiler does not know, is checked when it is given. */
export type TwoOrMore<Of extends readonly unknown[]> = number extends Of["length"] ? unknown
  : Of["length"] extends 0 | 1 ? readonly [Consumer, Consumer]
  : unknown;

/**
 * Puts several consumers, of one stream or of several, under one handler, in an order of priority: the first consumer's
 * messages come before those of the second, and so on. They share the subscriber's `concurrency`.
 *
 * Whenever a handler is free, the broker asks the first consumer for messages, and asks the next one only if handlers are
 * still free. So it fetches no message of a lower consumer while a higher one has messages. An urgent message that arrives
 * while all handlers are busy goes to the next handler that becomes free; it does not interrupt a running one.
 *
 * **A lower consumer starves** while higher ones have more messages than the handlers can process. If it must always make
 * progress, give it a subscriber of its own, too: `broker.subscriber(normal, { concurrency: 1 }, handler)` in another
 * process, or on another broker.
 *
 * Each message follows the options of its own consumer: `timeout`, `retry`, `deadLetter`, `confirm`, `ack` and `key`. So
 * messages with the same key from two consumers may run in parallel. A consumer that is paused, or has reached its
 * `maxAckPending`, does not block places of the others.
 *
 * If there are fewer free places than consumers, as with `concurrency: 1`, the broker waits on one consumer after the other
 * for 50 ms each, and for up to 400 ms each after a while without messages. The start of a message may be delayed by that
 * time. While there is work, each place that becomes free costs a request to each consumer without messages. If handlers
 * take no time, a process therefore handles half as many messages a second with 8 places, and three quarters with 64.
 *
 * @throws {TypeError} for fewer than two consumers, the same one twice, a value that is not a consumer, and a consumer with
 * `batch`, `group` or `partitions`
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { consumer, jetstream, priority, workQueue } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const mails = workQueue("MAILS", { subjects: ["mails.{class}.{user}"], declare: "create" });
 * const urgent = consumer(mails, "urgent", { subject: "mails.urgent.{user}" });
 * const normal = consumer(mails, "normal", { subject: "mails.normal.{user}" });
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const js = jetstream(broker, { streams: [mails] });
 * const sent: string[] = [];
 * const sender = broker.subscriber(
 *   priority(urgent, normal),
 *   { concurrency: 1 },
 *   async ({ params, delivery }) => {
 *     // an urgent message arrives while this one runs
 *     if (params.user === "ada") await js.publish("mails.urgent.cyd");
 *     sent.push(`${delivery.consumer} ${params.user}`);
 *   },
 * );
 * await using _test = await TestBroker.start(broker); // in a program: await broker.start()
 *
 * for (const user of ["ada", "bob"]) await js.publish(`mails.normal.${user}`);
 * await sender.received(3);
 * assertEquals(sent, ["normal ada", "urgent cyd", "normal bob"]);
 * ```
 */
export function priority<const Of extends readonly Consumer[]>(
  ...consumers: Of & OneByOne<Of> & TwoOrMore<Of>
): Source<PriorityKind<Of[number]>> {
  const drivers = consumers.map(checked);
  if (drivers.length < 2) {
    throw new TypeError(`${CANNOT} there must be two or more: ${drivers.length}`);
  }
  const isSame = (one: Consumer, other: Consumer) =>
    one.name === other.name && one.stream.name === other.stream.name;
  const twice = consumers.find((each, at) =>
    consumers.findIndex((other) => isSame(each, other)) !== at
  );
  if (twice) throw new TypeError(`${CANNOT} each must be a different one: "${twice.name}"`);
  const name = consumers.map((each) => each.name).join(" > ");
  return source<PriorityKind<Of[number]>>(name, new PriorityDriver(drivers));
}

const CANNOT = "Cannot give consumers a priority as";

function checked(given: unknown): ConsumerDriver {
  const driver = driverOfConsumer(given);
  if (!driver) {
    const found = Array.isArray(given)
      ? "a list, so spread it: priority(...list)"
      : describe(given);
    throw new TypeError(`${CANNOT} each must be a consumer: ${found}`);
  }
  const unfit = driver.batch
    ? "batch"
    : driver.hasGroup
    ? "group"
    : (given as Consumer).partitions
    ? "partitions"
    : undefined;
  if (unfit === undefined) return driver;
  const { name } = given as Consumer;
  throw new TypeError(`${CANNOT} each must be without "${unfit}": "${name}" has it`);
}

/** Opens several consumers, which share the places of one sink. */
class PriorityDriver {
  readonly pattern: string;
  readonly #drivers: readonly ConsumerDriver[];

  constructor(drivers: readonly ConsumerDriver[]) {
    const patterns = new Set(drivers.map(({ pattern }) => pattern));
    this.pattern = patterns.size === 1 ? drivers[0]!.pattern : ANY;
    this.#drivers = drivers;
  }

  get needs(): Needs {
    const publish = this.#drivers.flatMap(({ needs }) => needs.publish ?? []);
    return { publish: [...new Set(publish)] };
  }

  get description(): Readonly<Record<string, unknown>> {
    return { priority: this.#drivers.map(({ description }) => description) };
  }

  open(sink: Sink, access: BrokerAccess): OpenPriority {
    const opened: OpenConsumer[] = [];
    const room = () => sink.free - opened.reduce((sum, { beyond }) => sum + beyond, 0);
    const turns = new Turns(room, (error) => sink.report(error));
    for (const driver of this.#drivers) {
      const own = new PriorSink(sink, driver.pattern === this.pattern ? undefined : driver.pattern);
      opened.push(driver.openOne(own, access, turns));
    }
    return new OpenPriority(opened, turns);
  }
}

/** The sink of one of the consumers: the sink of all, with the parameters of its own pattern. */
class PriorSink implements Sink {
  readonly #sink: Sink;
  readonly #pattern: Pattern | undefined;

  constructor(sink: Sink, pattern: string | undefined) {
    this.#sink = sink;
    this.#pattern = pattern === undefined ? undefined : new Pattern(pattern);
  }

  get free(): number {
    return this.#sink.free;
  }

  get serves(): Sink["serves"] {
    return this.#sink.serves;
  }

  take(delivery: Delivery): void {
    // no consumer here has batches
    const arrival = delivery as Arrival;
    const params = arrival.params ?? this.#pattern?.read(arrival.subject);
    this.#sink.take(params ? { ...arrival, params } : arrival);
  }

  drop(): void {
    this.#sink.drop();
  }

  report(error: Error, invocation?: Invocation): void {
    this.#sink.report(error, invocation);
  }
}
