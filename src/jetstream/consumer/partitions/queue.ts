import { MessageHeaders, type Pattern, type RawMessage } from "../../../door/mod.ts";
import { describe } from "../../../options.ts";
import type { StreamConfig, StreamInfo } from "../../api/api_types.ts";
import { type Difference, DifferenceError, NotFoundError } from "../../api/errors.ts";
import type { JetStreamApi } from "../../api/js_api.ts";
import { checkName } from "../../api/names.ts";
import { requireVersion } from "../../api/version.ts";
import { readDeadLetter } from "../../dead/dead_letter.ts";
import { startOf } from "../../read/from.ts";
import { type Declare, type DeclaredStream, declareStream } from "../../stream/declare_stream.ts";
import { differencesOf } from "../../stream/differences.ts";
import type { ConsumerSettings } from "../consumer_settings.ts";
import type { Origin } from "../stored_delivery.ts";
import { type Partition, queueOf } from "./filter.ts";

/** The first nats-server that remembers what a source has copied even after all copies are handled. */
const SINCE = "2.15";
/** The greatest number of partitions: each is a consumer on the server. */
const MOST = 256;
/** The metadata of the stream that name the number of partitions and the parameters of the key. */
const CUT = "signalbox-partitions";
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
  if (options.from === "new") refuse('"from" must not be "new" with "partitions"', "new");
  if (isQueue) refuse('a stream with "partitions" must not be a work queue', stream);
  checkName(action, queueOf(stream, name));
}

/**
 * The stream of the partitions: the server copies each message into its partition, and drops the copy once it is handled.
 */
function queueConfig(settings: ConsumerSettings, origin: StreamConfig): DeclaredStream {
  const { stream, name, patterns, options } = settings;
  const queue = queueOf(stream, name);
  const { opt_start_seq, opt_start_time } = startOf(options.from ?? "first");
  return {
    name: queue,
    description: `What the consumer "${name}" of "${stream}" has to handle`,
    subjects: [`${queue}.>`],
    retention: "workqueue",
    storage: origin.storage ?? "file",
    num_replicas: origin.num_replicas ?? 1,
    sources: [{
      name: stream,
      ...opt_start_seq !== undefined && { opt_start_seq },
      ...opt_start_time !== undefined && { opt_start_time },
      subject_transforms: patterns.map((pattern) => ({
        src: pattern.subject,
        dest: destOf(queue, pattern, settings),
      })),
    }],
    metadata: { [CUT]: cutOf(settings) },
  };
}

/**
 * Finds the stream of the messages, and checks that it and its partitions can be used.
 *
 * @throws {DifferenceError} if the number of partitions, the key, the subject or the start differs
 */
async function checkedOrigin(
  api: JetStreamApi,
  settings: ConsumerSettings,
  declare: Declare,
): Promise<StreamConfig> {
  const { stream, name } = settings;
  const action = `declare the partitions of the consumer "${name}"`;
  requireVersion(api, action, SINCE, '"partitions"');
  const { config } = await api.call<StreamInfo>(`STREAM.INFO.${stream}`);
  if (config.retention !== undefined && config.retention !== "limits") {
    const difference = {
      field: "retention",
      declared: "limits",
      found: config.retention,
      changeable: false,
    };
    throw new DifferenceError(
      `stream "${stream}"`,
      [difference],
      "partitions need a stream that keeps handled messages",
    );
  }
  const queue = queueOf(stream, name);
  try {
    const { config: found } = await api.call<StreamInfo>(`STREAM.INFO.${queue}`);
    const differences = fixedDifferences(settings, config, found);
    if (differences.length > 0) {
      throw new DifferenceError(`consumer "${name}" of "${stream}"`, differences, RECUT);
    }
  } catch (error) {
    const isMade = declare === "create" || declare === "update";
    if (!isMade || !(error instanceof NotFoundError)) throw error;
  }
  return config;
}

/**
 * The differences that cannot be changed. The server would take a changed source for a new one, which begins after the time
 * of the last copy. Messages that were stored before that time and not copied yet would be lost.
 */
function fixedDifferences(
  settings: ConsumerSettings,
  origin: StreamConfig,
  found: StreamConfig,
): Difference[] {
  const [declared, cut] = [cutOf(settings), found.metadata?.[CUT]];
  if (cut !== declared) return [{ field: "partitions", declared, found: cut, changeable: false }];
  const { name, sources = [] } = queueConfig(settings, origin);
  return differencesOf({ name, sources }, found).map((each) => ({ ...each, changeable: false }));
}

const RECUT = "its partitions must stay as they are, so a change needs a consumer of another name";

function cutOf({ partitions, options }: ConsumerSettings): string {
  return `${partitions} by ${[options.key].flat().join(".")}`;
}

/** The positions of the key's parameters among the wildcards of a pattern, counted from 1. */
function placesOf({ text }: Pattern, key: ConsumerSettings["options"]["key"]): number[] {
  const wild = text.split(".").filter((token) => /^(?:\*|\{.*\})$/.test(token));
  return [key].flat().map((name) => wild.indexOf(`{${name}}`) + 1);
}

function destOf(queue: string, pattern: Pattern, settings: ConsumerSettings): string {
  const { partitions, options } = settings;
  let at = 0;
  const rest = pattern.subject.split(".").map((token) =>
    token === "*" ? `{{wildcard(${++at})}}` : token
  );
  const places = placesOf(pattern, options.key).join(",");
  return [queue, `{{partition(${partitions},${places})}}`, ...rest].join(".");
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

/** Makes or checks the stream of the partitions, as declared. */
export async function declareQueue(
  api: JetStreamApi,
  settings: ConsumerSettings,
  stream: DeclaredStream,
  declare: Declare,
): Promise<void> {
  if (declare === "leave") return;
  await declareStream(api, stream, declare);
  const origin = await checkedOrigin(api, settings, declare);
  await declareStream(api, queueConfig(settings, origin), declare);
}
