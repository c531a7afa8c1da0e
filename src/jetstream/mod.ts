/**
 * JetStream for a broker: messages that are stored, and work that is done once it is said to be.
 *
 * @module
 */
export { type JetStream, jetstream } from "./jetstream.ts";
export type { JetStreamOptions } from "./jetstream_options.ts";
export { type Stream, stream, workQueue } from "./stream/stream.ts";
export { type Consumer, consumer, type ConsumerKind, type Delivered } from "./consumer/consumer.ts";
export type {
  BatchPolicy,
  CheckedConsumer,
  ConsumerOptions,
  ConsumerPattern,
  ConsumerStart,
  KeyedMessage,
  RetryPolicy,
} from "./consumer/consumer_options.ts";
export { Reject, Retry, type RetryOptions } from "./consumer/outcomes.ts";
export type { BatchVerdicts } from "./consumer/batches.ts";
export type { StoredDelivery } from "./consumer/stored_delivery.ts";
export type { Declare } from "./stream/declare_stream.ts";
export type { StreamOptions, StreamSettings, WorkQueueOptions } from "./stream/stream_options.ts";
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
export type { StoredBatch } from "./publish/atomic_batch.ts";
export type { BatchMessage, BatchMessageOptions, BatchOptions } from "./publish/batch.ts";
export {
  ConflictError,
  type Difference,
  DifferenceError,
  JetStreamError,
  LimitError,
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
