import { holdsOptions } from "../../options.ts";
import type { ConsumerInfo, StreamInfo } from "../api/api_types.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { programSubjects } from "../stream/own_subjects.ts";
import type { Stream } from "../stream/stream.ts";
import { doneSeqOf } from "../consumer/partitions/copying.ts";
import { copiedOf, type Lag, type Lagging, laggingOf } from "./lag.ts";
import {
  ask,
  type ConsumerName,
  consumerOf,
  type Named,
  type Permit,
  streamOf,
} from "./subjects.ts";

/** What the server says of a stream. */
export interface StreamFacts {
  /** Its name. */
  readonly name: string;
  /** Its subjects, with wildcards, without the subjects of this package, which `config` contains. */
  readonly subjects: readonly string[];
  /** When it was made. */
  readonly created: Date;
  /** How many messages it holds, including schedules and messages that wait for a long retry. */
  readonly messages: number;
  /** How many bytes they take. */
  readonly bytes: number;
  /** The number of its first message; of the next one, if it has none. */
  readonly firstSeq: number;
  /** The number of its last message. */
  readonly lastSeq: number;
  /** When its first message was stored; `undefined` without one. */
  readonly firstTime: Date | undefined;
  /** When its last message was stored; `undefined` without one. */
  readonly lastTime: Date | undefined;
  /** How many consumers it has, the short-lived ones of readers included. */
  readonly consumers: number;
  /** Which server of a cluster leads it. */
  readonly leader: string | undefined;
  /** Its configuration in the words of the API: names in snake_case, durations in nanoseconds. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** What the server says of a consumer. */
export interface ConsumerFacts extends Lag {
  /** Its name. */
  readonly name: string;
  /** The name of its stream. */
  readonly stream: string;
  /** When it was made. */
  readonly created: Date;
  /**
   * The number in the stream of the last message that was delivered. With `partitions` it is known, and not `undefined`, only
   * while no copied message waits to be delivered.
   */
  readonly deliveredSeq: number | undefined;
  /**
   * The number in the stream up to which everything is done. With `partitions` it is `undefined` as long as nothing was
   * copied, or while the oldest message that is not done is a replayed dead letter.
   */
  readonly doneSeq: number | undefined;
  /** How many messages were delivered more than once, and are not done. */
  readonly redelivered: number;
  /** How many requests for messages wait at the server. */
  readonly waiting: number;
  /** Until when it is paused; `undefined` if it is not. */
  readonly pausedUntil: Date | undefined;
  /**
   * Its configuration in the words of the API: names in snake_case, durations in nanoseconds. With `partitions` it is that of
   * the first one.
   */
  readonly config: Readonly<Record<string, unknown>>;
}

/** What the server says of a stream or of a consumer. */
export type FactsOf<Of> = Of extends ConsumerName ? ConsumerFacts : StreamFacts;

/** Asks the server about a stream, or about a consumer. */
export async function factsOf<Of extends Stream | string | ConsumerName>(
  api: JetStreamApi,
  of: Of,
  permit: Permit,
): Promise<FactsOf<Of>> {
  const action = "ask about a stream or a consumer";
  if (holdsOptions(of) && "stream" in of) {
    const given: ConsumerName = of as ConsumerName;
    return await askConsumer(consumerOf(api, action, given), given, permit) as FactsOf<Of>;
  }
  const named = streamOf(api, action, of as Stream | string);
  return streamFacts(await ask<StreamInfo>(named, "STREAM.INFO", permit)) as FactsOf<Of>;
}

async function askConsumer(
  named: Named & { readonly consumer: string },
  given: ConsumerName,
  permit: Permit,
): Promise<ConsumerFacts> {
  const { api, stream: queue } = named;
  const copied = copiedOf(named, given);
  if (copied) permit(`${api.prefix}.STREAM.MSG.GET.${queue}`);
  const lagging = await laggingOf(named, given, permit);
  const facts = consumerFacts(lagging, api.access.clock.wallTime());
  if (!copied) return facts;
  const copying = lagging.copying!;
  const parts = lagging.infos.filter(({ stream_name }) => stream_name === queue);
  const sum = (of: (info: ConsumerInfo) => number) =>
    parts.reduce((sum, info) => sum + of(info), 0);
  const isDelivered = sum(({ num_pending }) => num_pending) === 0;
  return {
    ...facts,
    name: given.name,
    stream: copied.stream,
    deliveredSeq: isDelivered ? copying.copiedSeq : undefined,
    doneSeq: await doneSeqOf(copied, copying),
    redelivered: sum(({ num_redelivered }) => num_redelivered),
    waiting: sum(({ num_waiting }) => num_waiting),
  };
}

function streamFacts({ config, created, state, cluster }: StreamInfo): StreamFacts {
  const isEmpty = state.messages === 0;
  return {
    name: config.name,
    subjects: programSubjects(config.subjects),
    created: new Date(created),
    messages: state.messages,
    bytes: state.bytes,
    // a stream that never had one says 0
    firstSeq: isEmpty ? state.last_seq + 1 : state.first_seq,
    lastSeq: state.last_seq,
    firstTime: isEmpty ? undefined : new Date(state.first_ts),
    lastTime: isEmpty ? undefined : new Date(state.last_ts),
    consumers: state.consumer_count,
    leader: cluster?.leader,
    config: { ...config },
  };
}

function consumerFacts({ infos: [info], lag }: Lagging, now: number): ConsumerFacts {
  const { pause_remaining: rest = 0, ts } = info;
  const then = ts === undefined ? now : Date.parse(ts);
  return {
    ...lag,
    name: info.name,
    stream: info.stream_name,
    created: new Date(info.created),
    deliveredSeq: info.delivered.stream_seq,
    doneSeq: info.ack_floor.stream_seq,
    redelivered: info.num_redelivered,
    waiting: info.num_waiting,
    pausedUntil: info.paused ? new Date(then + rest / NANOSECONDS) : undefined,
    config: { ...info.config },
  };
}

const NANOSECONDS = 1_000_000;
