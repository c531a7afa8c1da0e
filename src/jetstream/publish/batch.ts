import type { Duration } from "../../duration.ts";
import { checkOptions, describe, duration, signal } from "../../options.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { AtomicBatch } from "./atomic_batch.ts";
import type { Prepared, ProgramPublisher } from "./program_publisher.ts";
import { checkStore, type StoreMessageOptions } from "./store_options.ts";

/** What to send with one message of a batch. */
export type BatchMessageOptions = Omit<StoreMessageOptions, "timeout" | "signal">;

/** One message of a batch. */
export type BatchMessage = readonly [
  subject: string,
  body?: unknown,
  options?: BatchMessageOptions,
];

/** How long a batch may take. */
export interface BatchOptions {
  /**
   * How long it may take, outages included; at most the stream's duplicate window.
   *
   * @default {"5s"}
   */
  readonly timeout?: Duration;
  /** Ends the wait with its reason; what is on its way may be stored all the same. */
  readonly signal?: AbortSignal;
}

/** The most messages that the server takes in one batch. */
export const MOST_IN_BATCH = 1_000;
const ACTION = "publish a batch";

/**
 * Checks the number of messages in a batch, and the batch's options.
 *
 * @throws {TypeError} for no message, for more than 1 000 messages, and for a wrong option
 */
export function checkedBatch(messages: readonly BatchMessage[], options: BatchOptions): void {
  const isList = Array.isArray(messages) && messages.every((one) => Array.isArray(one));
  if (!isList || messages.length === 0 || messages.length > MOST_IN_BATCH) {
    const found = isList ? messages.length : describe(messages);
    const rule = `it must be a list of 1 to ${MOST_IN_BATCH} messages [subject, body, options]`;
    throw new TypeError(`Cannot ${ACTION} as ${rule}: ${found}`);
  }
  checkOptions(ACTION, options, { timeout: duration, signal });
}

/**
 * Checks and encodes one message of a batch.
 *
 * @throws {TypeError} for a wrong option
 */
export function prepareMessage(
  publisher: ProgramPublisher,
  [subject, body, options]: BatchMessage,
): Prepared {
  checkStore(subject, options);
  return publisher.prepare(subject, body, options);
}

/**
 * Checks and encodes a program's batch.
 *
 * @throws {TypeError} for no message, for more than 1 000 messages, and for a wrong option
 */
export function batchOf(
  api: JetStreamApi,
  publisher: ProgramPublisher,
  messages: readonly BatchMessage[],
  options: BatchOptions,
): AtomicBatch {
  checkedBatch(messages, options);
  const prepared = messages.map((one) => prepareMessage(publisher, one));
  const ids = messages.map(([, , each]) => each?.id);
  return new AtomicBatch(api, prepared, { ...options, ids });
}
