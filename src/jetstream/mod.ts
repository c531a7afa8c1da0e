/**
 * JetStream for a broker: messages that are stored, and work that is done once it is said to be.
 *
 * What is declared is a plain value without a broker, so that routers in files of their own can hold it: {@linkcode stream},
 * {@linkcode workQueue}, {@linkcode consumer}. The broker that starts makes or checks it. {@linkcode jetstream} gives what
 * publishes, reads and asks.
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { consumer, jetstream, stream } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 *
 * const orders = stream("ORDERS", { subjects: ["orders.{id}.{event}"], declare: "create" });
 * const billing = consumer(orders, "billing", { subject: "orders.{id}.placed" });
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const billed = Promise.withResolvers<string>();
 * broker.subscriber(billing, ({ params }) => billed.resolve(params.id)); // returned: acknowledged
 * const placed = jetstream(broker).publisher("orders.{id}.placed", { stream: orders });
 * await using _test = await TestBroker.start(broker); // with a nats-server: await broker.start()
 *
 * const { seq } = await placed.publish({ id: "7" }, { total: 12 }); // resolves once it is stored
 * console.log(seq, await billed.promise); // 1 7
 * ```
 *
 * Everything is written for nats-server 2.10 and later; what needs a later one says so, and fails with an
 * {@linkcode UnavailableError} that names the version, before anything is made. All of it works on the embedded server,
 * which holds streams in memory, and whose time a test can move.
 *
 * # Publishing
 *
 * `js.publish()` and `js.publisher()` resolve once a stream says that it has stored the message. Each message goes under
 * an id, the program's or one that is made, and is sent again under that id over outages, cut sockets and missing leaders
 * until its timeout. So there are three ends, and an error says which:
 *
 * | end | what it gives |
 * | --- | --- |
 * | stored, once | `{ stream, seq, duplicate }` |
 * | not stored, and it never will be | {@linkcode ConflictError}, {@linkcode LimitError}, {@linkcode NoStreamError}, {@linkcode NotStoredError} |
 * | sent, and no answer came in time | {@linkcode UnknownOutcomeError} with the `id`: publish it again with that id to be sure |
 *
 * A stream knows an id for its `duplicateWindow`, two minutes unless it is declared otherwise. A `timeout` beyond it is
 * refused with both numbers, and what a stream may have forgotten is not sent again. Name a stream with a shorter window by
 * `expect: { stream }`, or have it declared through the same broker. After an outage a conflict may be one with the very
 * message, so the stream is asked whether it has the id before a `ConflictError` is thrown.
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { ConflictError, jetstream, stream } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 *
 * const carts = stream("CARTS", { subjects: ["carts.{id}"], allowAtomic: true, declare: "create" });
 * const broker = new NatsBroker();
 * const js = jetstream(broker, { streams: [carts] });
 * await using _test = await TestBroker.start(broker);
 *
 * const { seq } = await js.publish("carts.7", ["tea"], { id: "cart-7", expect: { lastSeq: 0, of: "carts.7" } });
 * try {
 *   // somebody else was faster, and changed what this is based on
 *   await js.publish("carts.7", ["tea", "pot"], { expect: { lastSeq: seq - 1, of: "carts.7" } });
 * } catch (error) {
 *   if (error instanceof ConflictError) console.log("the last one is", error.lastSeq);
 * }
 * await js.batch([["carts.8", []], ["carts.9", []]]); // both or neither
 * ```
 *
 * A message has no header of ours but `content-type`, and passes no middleware; headers that begin with `Nats-` are refused,
 * as they would delete, delay or hide messages. A failure but a conflict is an `error` event, too.
 *
 * `js.schedule()` publishes once at a later time, at an interval, or by the calendar: see {@linkcode ScheduledJob}.
 * `await items.pipeTo(js.ingest("readings.kitchen"))` stores many items in order, over outages: see {@linkcode Ingest}.
 *
 * # Streams
 *
 * `declare` says what a start does about a stream, its consumers, and their stream of dead letters:
 *
 * | `declare` | missing | differs from what is named | permissions |
 * | --- | --- | --- | --- |
 * | `"verify"` | `NotFoundError` | `DifferenceError`, field by field | to ask |
 * | `"create"` | is made | `DifferenceError` | to ask and to make |
 * | `"update"` | is made | is changed; what cannot be is a `DifferenceError` before anything is | to ask, make and change |
 * | `"leave"` | `NotFoundError` | is used as it is | to ask about a stream |
 *
 * Where the server says that it has JetStream, a start waits for it up to two minutes, as in a cluster that has no leader yet;
 * an `error` event every few seconds tells so.
 *
 * What a declaration does not name is never touched. So an option that is removed stays as it was; one that is changed is
 * an error at the next start with `"verify"` and `"create"`, and in force after it with `"update"`. Two services may declare
 * one stream at once. Storage, a mirror, `firstSeq`, `persistMode`, and whether it is a work queue cannot change.
 *
 * Each field of the API's configuration is an option in camelCase, except those that {@linkcode StreamSettings} lists.
 *
 * A {@linkcode workQueue} may have `unique` jobs: {@linkcode Unique} lists the ways in which jobs of one subject exclude each
 * other. `src/jetstream/README.md` translates the terms of BullMQ, pg-boss and Temporal.
 *
 * # Consumers
 *
 * A consumer is a source for `broker.subscriber()`: handlers get what those of subjects get, with `delivery` besides. One
 * process asks the server for as many messages as it can begin to handle, never more. The outcome is the acknowledgement:
 *
 * | the handler | becomes of the message |
 * | --- | --- |
 * | returns | it is acknowledged; the value is dropped |
 * | throws, or takes longer than `timeout` | it comes again after `retry.backoff`; after `retry.attempts` it is a dead letter |
 * | throws `new Retry({ after: "1h" })` | it comes again after that time, and holds no place until then. {@linkcode RetryPolicy} says how long waits are stored |
 * | throws `new Reject("why")`, or its body does not decode or validate | it is a dead letter at once |
 * | never returns, as its process was killed | another process gets it after `ackWait`; after `retry.attempts` it is a dead letter |
 *
 * A consumer that somebody deletes is made again where it was, as `declare` says. One that somebody changes, or makes anew,
 * goes on as it is then, and an `error` event tells each field that differs: at once, or at the next look, 40 s later at
 * most. With `declare: "leave"` nobody looks.
 *
 * Acknowledgements are not fenced: where one is late, a message may be handled twice. So make a handler's effects depend on
 * `delivery.id`, which is the same at each attempt.
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { consumer, jetstream, Reject, stream } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 *
 * const mails = stream("MAILS", { subjects: ["mails.{user}"], declare: "create" });
 * const sending = consumer(mails, "sending", { retry: { attempts: 2, backoff: "10ms" }, key: "user" });
 * const broker = new NatsBroker("nats://127.0.0.1:4222", { logger: false });
 * const js = jetstream(broker, { streams: [mails] });
 * broker.subscriber(sending, ({ body }) => {
 *   if (body === "") throw new Reject("nothing to send");
 * });
 * await using _test = await TestBroker.start(broker);
 *
 * await js.publish("mails.ada", "");
 * const dead = await js.deadLetters(mails, { follow: true }).next();
 * console.log(dead?.reason, dead?.error); // rejected nothing to send
 * await dead?.discard(); // or: await dead.replay()
 * ```
 *
 * Dead letters stand in a stream of their own, `MAILS_DEAD`, for 30 days; it is made as `declare` says, or has to be there,
 * or `deadLetter: false` drops them with an `error` event. `replay()` gives one back to the consumer that gave it up, once.
 *
 * {@linkcode priority} puts several consumers under one handler, which takes the messages of the first consumer first.
 * `key` keeps the messages of a key in order within a process, and with `partitions` over all processes: see
 * {@linkcode ConsumerOptions}. With `group: { pinned: {} }` one process works while others stand by: see {@linkcode PinnedGroup}.
 *
 * # Reading
 *
 * `js.read()` reads a stream in order, without acknowledgements: nothing twice, nothing skipped, up to now or on and on.
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { jetstream, stream } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 *
 * const logs = stream("LOGS", { subjects: ["logs.{host}"], declare: "create" });
 * const broker = new NatsBroker();
 * const js = jetstream(broker, { streams: [logs] });
 * await using _test = await TestBroker.start(broker);
 *
 * for (const line of ["up", "down"]) await js.publish("logs.a", line);
 * for await (const { body, delivery } of js.read(logs, { subject: "logs.a", until: "now" })) {
 *   console.log(delivery.seq, body); // 1 up, and then 2 down
 * }
 * ```
 *
 * `js.info()` says what the server has, `js.lag()` what a consumer has not done yet; `js.pause()` and `js.resume()` hold a
 * consumer, in all processes.
 *
 * What else the API of the server has, such as to purge or to delete a stream, is asked by a request, for which the user
 * needs the permission:
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { jetstream, stream } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 *
 * const visits = stream("VISITS", { subjects: ["visits.{user}"], declare: "create" });
 * const broker = new NatsBroker();
 * const js = jetstream(broker, { streams: [visits] });
 * await using _test = await TestBroker.start(broker);
 *
 * for (const user of ["ada", "bob"]) await js.publish(`visits.${user}`);
 * const { body } = await broker.request("$JS.API.STREAM.PURGE.VISITS", { filter: "visits.ada" });
 * console.log(body, (await js.info(visits)).messages); // … purged: 1 …, and then 1
 * ```
 *
 * # Defaults
 *
 * | what | default | why |
 * | --- | --- | --- |
 * | `declare` | `"verify"` | a start changes nothing that nobody asked it to |
 * | `timeout` of publishing and asking | 5 s | as long as a request; leaders are elected in that time |
 * | `id` | random | so that a message can be sent again |
 * | `duplicateWindow`, `maxAge`, `maxMsgs`, … | the server's | two minutes, no limits: a limit loses messages, so that it is said |
 * | `concurrency` of a subscriber | 64 | as for subjects; nothing waits here beyond it |
 * | `from` | `"first"` | a new consumer misses nothing |
 * | `timeout` of a handler | 5 min | a handler that hangs gives its place back |
 * | `ackWait` | 30 s | told to wait each third of it; so soon another process gets what a killed one had |
 * | `retry` | 5 attempts; 1 s, 10 s, 1 min, 5 min; ± 20 % | outlasts a restart of what failed, and does not come at once |
 * | `deadLetter` | `<STREAM>_DEAD`, 30 days | nothing is dropped in silence |
 * | `maxAckPending` | 1 000 | of all processes together; a message that waits for its next attempt counts, too, unless it waits as a schedule |
 * | `confirm` | `false` | one more round trip; without it a killed server may deliver again |
 * | `heartbeat` | 5 s | two missed ones find a half-open socket |
 *
 * # What it needs
 *
 * `broker.permissions()` prints the least for streams, publishers and consumers that were made through the broker, and for
 * what was read or asked so far; `js.publish()` to other subjects is told by `permissions({ publish: [subject] })`. With a
 * `domain`, everything goes to JetStream there. A stream of `retention: "interest"` confirms what no consumer waits for and
 * stores none of it.
 *
 * @module
 */
export type { JetStream } from "./jetstream.ts";
export { jetstream } from "./jetstream_of.ts";
export type { JetStreamOptions } from "./jetstream_options.ts";
export { type Stream, stream, workQueue } from "./stream/stream.ts";
export { type Consumer, consumer, type ConsumerKind, type Delivered } from "./consumer/consumer.ts";
export { type OneByOne, priority, type PriorityKind, type TwoOrMore } from "./consumer/priority.ts";
export type { BatchPolicy, ConsumerOptions, KeyedMessage } from "./consumer/consumer_options.ts";
export type { RetryPolicy } from "./consumer/retry_policy.ts";
export type {
  CheckedConsumer,
  CheckedKey,
  CheckedSubject,
  CheckedSubjects,
  ConsumerPattern,
  IsTokenWithin,
  IsWithin,
} from "./consumer/consumer_types.ts";
export type {
  GroupPolicy,
  OverflowGroup,
  PinnedGroup,
  PrioritizedGroup,
} from "./consumer/group.ts";
export { Reject, Retry, type RetryOptions } from "./consumer/outcomes.ts";
export type { BatchVerdicts } from "./consumer/batches.ts";
export type { StoredDelivery } from "./consumer/stored_delivery.ts";
export type { Declare } from "./stream/declare_stream.ts";
export type {
  StreamOptions,
  StreamSettings,
  TakesOthers,
  Unique,
  WorkQueueOptions,
} from "./stream/stream_options.ts";
export type {
  ConsumerLimitOptions,
  PlacementOptions,
  RepublishOptions,
  SourceOptions,
  TransformOptions,
} from "./stream/copy_options.ts";
export type { Stored } from "./publish/program_publisher.ts";
export type { Expectations, StoreMessageOptions, StoreOptions } from "./publish/store_options.ts";
export type { StoredPublisher, StoredPublisherOptions } from "./publish/stored_publisher.ts";
export type {
  CancelOptions,
  ScheduleMessageOptions,
  ScheduleOptions,
} from "./schedule/schedule_options.ts";
export type { When, WhenAt, WhenCron, WhenEvery, WhenIn } from "./schedule/when.ts";
export type { ScheduledJob } from "./schedule/job.ts";
export type {
  ScheduledMessage,
  ScheduledOf,
  ScheduleListOptions,
  ScheduleLookOptions,
} from "./schedule/read_schedules.ts";
export type { BatchEntry, BatchSchedule, BatchScheduleOptions } from "./schedule/schedule_batch.ts";
export type { StoredBatch } from "./publish/atomic_batch.ts";
export type { Ingest, IngestEnd } from "./ingest/ingest.ts";
export { IngestError, type IngestProgress } from "./ingest/ingest_error.ts";
export type { IngestItem, IngestMessage, IngestOptions } from "./ingest/ingest_options.ts";
export type { BatchMessage, BatchMessageOptions, BatchOptions } from "./publish/batch.ts";
export {
  ConflictError,
  type Difference,
  DifferenceError,
  JetStreamError,
  LimitError,
  NoScheduleError,
  NoStreamError,
  NotFoundError,
  type NotFoundKind,
  NotStoredError,
  UnavailableError,
  UnknownOutcomeError,
} from "./api/errors.ts";
export type { From } from "./read/from.ts";
export type { ReadEnd } from "./read/ordered_read.ts";
export type { ReadDelivery, ReadMessage, ReadOptions } from "./read/read_stream.ts";
export type { StreamReader } from "./read/stream_reader.ts";
export type { DeadIssue, DeadReason } from "./dead/dead_letter.ts";
export type { ReplayOptions } from "./replay/dead_letter_fate.ts";
export type { DeadLetterOptions, DeadLetters, DeadMessage } from "./replay/read_dead_letters.ts";
export type { ConsumerFacts, FactsOf, StreamFacts } from "./control/facts.ts";
export type { Lag } from "./control/lag.ts";
export type { ConsumerName } from "./control/subjects.ts";
