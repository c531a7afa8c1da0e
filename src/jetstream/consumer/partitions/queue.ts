import { MessageHeaders, type RawMessage } from "../../../door/mod.ts";
import { describe } from "../../../options.ts";
import { checkName } from "../../api/names.ts";
import { readDeadLetter } from "../../dead/dead_letter.ts";
import type { ConsumerSettings } from "../consumer_settings.ts";
import type { Origin } from "../stored_delivery.ts";
import { type Partition, queueOf } from "./filter.ts";

/** The greatest number of partitions: each is a consumer on the server. */
const MOST = 256;
const NO_BYTES = new Uint8Array();

/**
 * The settings of each partition's consumer, which gives out one message at a time over all processes, to keep their order.
 */
export function partitionSettings(settings: ConsumerSettings): ConsumerSettings[] {
  const queue = queueOf(settings.stream, settings.name);
  const retry = { ...settings.retry, scheduleFrom: Infinity };
  return Array.from({ length: settings.partitions! }, (_, number) => ({
    ...settings,
    retry,
    key: undefined,
    partition: { queue, number },
  }));
}

/**
 * Checks the options of a consumer with partitions.
 *
 * @throws {TypeError} naming the wrong option
 */
export function checkPartitions(
  action: string,
  settings: ConsumerSettings,
  isQueue: boolean,
): void {
  const { partitions, options, stream, name, ackWait } = settings;
  if (partitions === undefined) return;
  const refuse = (rule: string, found: unknown): never => {
    throw new TypeError(`Cannot ${action} as ${rule}: ${describe(found)}`);
  };
  if (partitions > MOST) refuse(`"partitions" must be ${MOST} at most`, partitions);
  if (options.key === undefined || typeof options.key === "function") {
    refuse('"key" must name parameters where there are "partitions"', options.key);
  }
  for (const other of ["group", "maxAckPending", "headersOnly"] as const) {
    if (options[other] !== undefined) {
      refuse(`"${other}" must go without "partitions"`, options[other]);
    }
  }
  if (options.ack === "before") refuse('"ack" must be "after" with "partitions"', "before");
  if (ackWait < 1_000) refuse('"ackWait" must be 1 s or more with "partitions"', options.ackWait);
  const { from } = options;
  // the source of a stream has no such start
  if (from === "new" || from === "last" || from === "last-per-subject") {
    refuse(`"from" must not be "${from}" with "partitions"`, from);
  }
  if (isQueue) refuse('a stream with "partitions" must not be a work queue', stream);
  checkName(action, queueOf(stream, name));
}

/** The partition that the server chooses for these values of a key: FNV-1a of 32 bits. */
export function partitionOf(values: readonly string[], partitions: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(values.join(""))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash % partitions;
}

/** A message of a partition, as its handler gets it. */
export interface Partitioned {
  readonly raw: RawMessage;
  readonly origin: Origin;
  /** The number of its life, if it is a replayed dead letter. */
  readonly life: number | undefined;
}

/**
 * Reads a message of a partition: a copy, whose headers name its origin, or a replayed dead letter. `undefined` for
 * messages that other programs have written.
 */
export function readPartitioned(
  raw: RawMessage,
  consumer: string,
  time: number,
): Partitioned | undefined {
  const headers = MessageHeaders.parse(raw.headerBlock ?? NO_BYTES);
  const source = headers.get("Nats-Stream-Source")?.split(" ");
  if (source) {
    const [name = "", seq, , , subject = ""] = source;
    const [stream = ""] = name.split(":");
    const number = Number(seq);
    if (!Number.isSafeInteger(number) || number < 1 || subject === "") return undefined;
    const origin = { stream, consumer, seq: number, subject, time };
    return { raw: { ...copied(raw), subject }, origin, life: undefined };
  }
  const letter = readDeadLetter(headers);
  const life = Number(raw.subject.slice(raw.subject.lastIndexOf(".") + 1));
  if (!letter || !Number.isSafeInteger(life)) return undefined;
  const { stream, seq, subject, time: stored } = letter;
  const origin = { stream, consumer, seq, subject, time: stored };
  return { raw: { ...copied(raw), subject }, origin, life };
}

function copied({ subject, replyTo, data, headerBlock }: RawMessage): RawMessage {
  return { subject, replyTo, data, headerBlock };
}

/** The subject of a replayed dead letter in its partition, behind the messages that wait there. */
export function returnSubject({ queue, number }: Partition, life: number): string {
  return `${queue}.${number}.again.${life}`;
}
