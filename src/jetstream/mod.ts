/**
 * JetStream for a broker: messages that are stored, and work that is done once it is said to be.
 *
 * @module
 */
export { type JetStream, jetstream, type JetStreamOptions } from "./jetstream.ts";
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
export type {
  BatchMessage,
  BatchMessageOptions,
  BatchOptions,
  StoredBatch,
} from "./publish/batch.ts";
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
