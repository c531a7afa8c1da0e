import type { Duration } from "../../duration.ts";
import type { MessageHeaders } from "../../door/mod.ts";
import type { From } from "../read/from.ts";
import type { GroupPolicy } from "./group.ts";
import type { RetryPolicy } from "./retry_policy.ts";

/** How messages are gathered to a list. */
export interface BatchPolicy {
  /** How many at most. */
  readonly max: number;
  /**
   * How long the first one waits for others.
   *
   * @default {"1s"}
   */
  readonly within?: Duration;
}

/** What a function gets that gives a message its key. */
export interface KeyedMessage {
  /** Its subject. */
  readonly subject: string;
  /** The values of its pattern's parameters. */
  readonly params: Readonly<Record<string, string>>;
  /** Its headers. */
  readonly headers: MessageHeaders;
}

/** What a consumer is; `Subjects` are the patterns of its stream. Of all fields of the API, this names those it has not:
 *
 * | field | why there is no option |
 * | --- | --- |
 * | `durable_name`, `name` | the name of the consumer, which is always durable |
 * | `ack_policy` | always `explicit`: each message has an outcome of its own |
 * | `max_deliver` | always unlimited: a message that the server gives up is lost to everyone; `retry.attempts` counts here, and what comes once more becomes a dead letter |
 * | `backoff` | it replaces `ack_wait`, so that slow handlers would run twice; `retry.backoff` waits instead |
 * | `rate_limit_bps` | servers refuse it for consumers that are asked |
 * | `deliver_subject`, `deliver_group`, `flow_control`, `idle_heartbeat` | for consumers that push; this one is asked, for as many messages as can be handled |
 * | `priority_groups`, `priority_policy`, `priority_timeout` | set by `group`; a consumer has one group |
 * | `direct`, `sourcing` | for servers only |
 */
export interface ConsumerOptions {
  /**
   * Which messages the consumer takes: a pattern within one of the stream's patterns, or several. Handlers never get the
   * messages that this package stores for itself. A consumer of all subjects acknowledges those messages without a handler,
   * if the subjects of its stream were not declared, or if it was made before the stream got this package's subjects. In a
   * work queue that would remove them, so the consumer is made for the other subjects only, or changed to them by
   * `declare: "update"`.
   *
   * @default {all of the stream's}
   */
  readonly subject?: string | readonly string[];
  /**
   * Where it begins, when it is made; it goes on where it was ever after. With `partitions` it must not be `"last"`,
   * `"last-per-subject"` or `"new"`.
   *
   * @default {"first"}
   */
  readonly from?: From;
  /**
   * How long a handler may take. Until then the broker tells the server that the handler is still working. After that the
   * handler's `signal` aborts, the attempt counts as failed, and the handler's place is free.
   *
   * @default {"5m"}
   */
  readonly timeout?: Duration;
  /** How a failed message is tried again. */
  readonly retry?: RetryPolicy;
  /**
   * The stream of the messages that were given up; `false` to have them dropped, with an `error` event.
   *
   * @default {the stream's name with `_DEAD`}
   */
  readonly deadLetter?: string | false;
  /**
   * Whether dead letters have the stack of their error.
   *
   * @default {false}
   */
  readonly deadStacks?: boolean;
  /**
   * What messages are handled in order and one at a time for, within one process: a parameter of the subject, several, or
   * a function. A message that waits for its next attempt holds its key; other keys go on.
   */
  readonly key?: string | readonly string[] | ((message: KeyedMessage) => string);
  /**
   * How many partitions the messages are split into by their `key`, which must name parameters. Messages of one key are
   * handled in order and one at a time over all processes; different partitions run in parallel. A message that waits for
   * its next attempt blocks its partition. Each process asks for all partitions, so work moves to free processes as
   * processes come and go. A killed process blocks its partitions for `ackWait`. Set the subscriber's `concurrency` to at
   * least the number of partitions: a message that waits here for a place also blocks its partition.
   *
   * The server copies the consumer's messages to a second stream, `<STREAM>~<consumer>`, each into its partition, and drops
   * a copy once it is handled. Until then a message is stored twice, with as many replicas. The copy stays when the first
   * stream drops the message. `delivery` describes the message in the first stream, except for `time` and `pending`, which
   * are those of the copy. An `error` event tells within 40 s if the server does not copy any more, for example because the
   * first stream was deleted.
   *
   * A handler's `signal` aborts before another process can get its message: it aborts if the server has not confirmed for
   * 5/6 of `ackWait` that this process has the message, because the process stood still or was cut off. The message is then
   * not settled here. So one key is never handled twice at once if handlers end within a sixth of `ackWait` after their
   * signal aborts. There are two exceptions: a process that stood still runs on until its signal can abort, which takes a
   * turn of its event loop; and a killed server may have forgotten its last moments. If that matters, fence effects by
   * expected sequences.
   *
   * Partitions cost throughput rather than latency. With `key` alone a handler that does nothing got 62 000 messages a
   * second; with 8 partitions it got 10 000, and with 32 it got 7 000. Half of the messages arrived within 0.6 and 0.7 ms
   * of `publish()` instead of 0.5 ms (one process, a stream of files, nats-server 2.15.1, 2 cores).
   *
   * If somebody deletes the second stream while processes run, they make it again with `declare: "create"` or `"update"`.
   * They wait for `ackWait` first, as handlers may still run. The work goes on with the first message that may not be handled
   * yet, so that some messages may be handled twice, and an `error` event names its number. Replayed dead letters that waited
   * in the stream are lost. A process that does not know where the work stood reports an `error` again and again instead.
   *
   * The number of partitions, `key`, `subject` and `from` cannot change: a difference throws a `DifferenceError`. So does a
   * consumer that gets `partitions` later, or loses them, as it would handle all messages again. To change any of these:
   *
   * 1. Stop publishing to the first stream, and replay the dead letters of the consumer that are to be handled.
   * 2. Wait until `total` of `js.lag()` of the consumer stays 0, and stop all of its processes.
   * 3. Declare a consumer of another name, with `from: { seq }`, where `seq` is one more than the `lastSeq` of `js.info()` of
   *    the first stream. Start its processes, and publish again.
   * 4. Delete the stream `<STREAM>~<old name>`, for example with `nats stream rm`. Otherwise the server copies all new
   *    messages to it, and nobody handles or drops them. Delete a consumer without partitions with `nats consumer rm`.
   *
   * `from` must be `"first"`, `{ seq }` or `{ time }`. At most 256 partitions. Needs nats-server 2.15, and a stream of
   * retention `"limits"`.
   *
   * @example Two processes, each key in order
   * ```ts
   * import { NatsBroker } from "@signalbox/nats";
   * import { consumer, jetstream, stream } from "@signalbox/nats/jetstream";
   * import { TestBroker } from "@signalbox/nats/testing";
   * import { assertEquals } from "@std/assert";
   *
   * const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
   * const shipping = consumer(orders, "shipping", { key: "id", partitions: 8 });
   * const shipped: Record<string, unknown[]> = {};
   * const all = Promise.withResolvers<void>();
   * const brokers = [1, 2].map(() => new NatsBroker("nats://127.0.0.1:4222")); // each is a process, in a program
   * brokers.forEach((broker) =>
   *   broker.subscriber(shipping, ({ params, body }) => {
   *     (shipped[params.id] ??= []).push(body);
   *     if (Object.values(shipped).flat().length === 4) all.resolve();
   *   })
   * );
   * await using _test = await TestBroker.start(brokers);
   *
   * const js = jetstream(brokers[0]!);
   * for (const step of ["packed", "sent"]) {
   *   await js.publish("orders.7", step);
   *   await js.publish("orders.8", step);
   * }
   * await all.promise;
   * assertEquals(shipped, { "7": ["packed", "sent"], "8": ["packed", "sent"] });
   * ```
   *
   * @default {none: in order within one process}
   */
  readonly partitions?: number;
  /**
   * Which of the processes get messages; by default all do.
   *
   * With `{ pinned: { timeout } }` one process gets all messages, and the others stand by. One of them takes over at once
   * when the active process stops. It also takes over when the server has heard nothing from the active process for the
   * timeout, because that process was killed, cut off or blocked. Messages that the active process had begun go to another
   * process after `ackWait`; if the first process is still running, nothing stops its handlers. Replayed dead letters also
   * go to one process, which may be another one. {@linkcode PinnedGroup} has an example. Needs nats-server 2.11.
   *
   * With `{ prioritized: { priority } }` messages go to the processes in an order, from 0 to 9. So one region or machine
   * does the work; another one gets the messages for which the first has no place, or all of them while the first is away.
   * Needs nats-server 2.12.
   *
   * With `{ overflow: { minPending, minAckPending } }` this process helps out: it gets messages only while at least that
   * many wait or are being handled. One process of the consumer must have `{ overflow: {} }`, or nobody handles messages
   * below these numbers. Needs nats-server 2.11.
   *
   * Each process may have its own numbers, but all must have the same kind of group.
   *
   * @default {none: every process gets messages}
   */
  readonly group?: GroupPolicy;
  /** Has the handler get lists of messages; each of them has an outcome of its own. */
  readonly batch?: BatchPolicy;
  /**
   * Whether each acknowledgement is confirmed by the server before its place is free. Otherwise a server that is killed
   * in the very moment may deliver a message again.
   *
   * @default {false}
   */
  readonly confirm?: boolean;
  /**
   * When a message is acknowledged: after its handler, or before it and confirmed, so that it runs once at most and is
   * never tried again.
   *
   * @default {"after"}
   */
  readonly ack?: "after" | "before";
  /**
   * How long the server waits for a word about a message before it gives it to another; a third of it passes between two
   * words that we still work. A process that is killed, or is busy without a pause for so long, loses its messages to
   * others.
   *
   * @default {"30s"}
   */
  readonly ackWait?: Duration;
  /**
   * How long the server may be silent while it has nothing to deliver; then it is asked again, and the connection is
   * checked.
   *
   * @default {"5s"}
   */
  readonly heartbeat?: Duration;
  /**
   * How many messages may be on their way, or wait for their next attempt, in all processes together.
   *
   * @default {1_000, which is the server's}
   */
  readonly maxAckPending?: number;
  /**
   * How many requests for messages may wait, of all processes together. Cannot be changed later.
   *
   * @default {512, which is the server's}
   */
  readonly maxWaiting?: number;
  /** How many messages one request may be for at most. */
  readonly maxBatch?: number;
  /** How long one request may wait at most. */
  readonly maxExpires?: Duration;
  /** How many bytes one request may be for at most. */
  readonly maxBytes?: number;
  /** What it is for, for people. */
  readonly description?: string;
  /** Metadata of the program; names that begin with `_nats.` are the server's. */
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * Whether only headers are delivered, without bodies. A handler then sees an empty body.
   *
   * @default {false}
   */
  readonly headersOnly?: boolean;
  /**
   * How fast: as fast as they are handled, or in the intervals in which they were stored. Cannot be changed later.
   *
   * @default {"instant"}
   */
  readonly replayPolicy?: "instant" | "original";
  /** How many acknowledgements the server measures and tells of, in percent. */
  readonly sampleFreq?: number;
  /**
   * After how long without anyone asking the server deletes the consumer.
   *
   * @default {never}
   */
  readonly inactiveThreshold?: Duration;
  /**
   * On how many servers of a cluster its state is kept.
   *
   * @default {as many as its stream}
   */
  readonly numReplicas?: number;
  /**
   * Where its state is kept. Cannot be changed later.
   *
   * @default {as its stream's}
   */
  readonly storage?: "file" | "memory";
  /** Until when it delivers nothing. */
  readonly pauseUntil?: Date | string;
}
