import { pause } from "../../../deadline.ts";
import type { Pattern } from "../../../door/mod.ts";
import type { StreamConfig, StreamInfo, StreamSource } from "../../api/api_types.ts";
import {
  type Difference,
  DifferenceError,
  NotFoundError,
  UnavailableError,
} from "../../api/errors.ts";
import type { JetStreamApi } from "../../api/js_api.ts";
import { requireVersion } from "../../api/version.ts";
import { type From, startOf } from "../../read/from.ts";
import { type Declare, type DeclaredStream, declareStream } from "../../stream/declare_stream.ts";
import { differencesOf } from "../../stream/differences.ts";
import { BEGAN } from "../consumer_config.ts";
import type { ConsumerSettings } from "../consumer_settings.ts";
import { queueOf } from "./filter.ts";
import { checkGained, CUT, cutOf } from "./switched.ts";

/** The first nats-server that remembers what a source has copied even after all copies are handled. */
const SINCE = "2.15";
/** How long to wait until the server copies, and how often to look, in milliseconds. */
const PATIENCE = 5_000;
const LOOK = 50;

/** What `STREAM.INFO` says of copies: `active` is -1 until the server has found the stream that it copies. */
interface CopyInfo {
  readonly sources?: readonly { readonly active: number }[];
}

/**
 * The stream of the partitions: the server copies each message into its partition, and drops the copy once it is handled.
 */
export function queueConfig(settings: ConsumerSettings, origin: StreamConfig): DeclaredStream {
  const { stream, name, patterns, options } = settings;
  const queue = queueOf(stream, name);
  const { opt_start_seq, opt_start_time } = startOf(beginningOf(options.from));
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
 * Where the copies begin. With a sequence the server begins there; without one it begins after the time of the last message
 * that the second stream has, which may be a replayed dead letter.
 */
function beginningOf(from: From = "first"): From {
  return from === "first" ? { seq: 1 } : from;
}

/**
 * Finds the stream of the messages, and checks that it can have partitions.
 *
 * @throws {DifferenceError} if it does not keep handled messages
 */
async function originOf(
  api: JetStreamApi,
  { stream, name }: ConsumerSettings,
): Promise<StreamInfo> {
  const action = `declare the partitions of the consumer "${name}"`;
  requireVersion(api, action, SINCE, '"partitions"');
  const info = await api.call<StreamInfo>(`STREAM.INFO.${stream}`);
  const { retention: found = "limits" } = info.config;
  if (found === "limits") return info;
  const difference = { field: "retention", declared: "limits", found, changeable: false };
  const rule = "partitions need a stream that keeps handled messages";
  throw new DifferenceError(`stream "${stream}"`, [difference], rule);
}

/**
 * Returns whether the stream of the partitions exists.
 *
 * @throws {DifferenceError} if the number of partitions, the key, the subject or the start differs
 */
async function isThere(
  api: JetStreamApi,
  settings: ConsumerSettings,
  queue: DeclaredStream,
  isMade: boolean,
): Promise<boolean> {
  try {
    const { config } = await api.call<StreamInfo>(`STREAM.INFO.${queue.name}`);
    const differences = fixedDifferences(queue, config);
    if (differences.length === 0) return true;
    const what = `consumer "${settings.name}" of "${settings.stream}"`;
    throw new DifferenceError(what, differences, RECUT);
  } catch (error) {
    if (isMade && error instanceof NotFoundError) return false;
    throw error;
  }
}

/**
 * The differences that cannot be changed. The server would take a changed source for a new one, which begins after the time
 * of the last copy. Messages that were stored before that time and not copied yet would be lost.
 */
function fixedDifferences(queue: DeclaredStream, found: StreamConfig): Difference[] {
  const { name, sources = [], metadata } = queue;
  const [declared, cut] = [metadata?.[CUT], found.metadata?.[CUT]];
  if (cut !== declared) return [{ field: "partitions", declared, found: cut, changeable: false }];
  const differences = differencesOf({ name, sources }, { ...found, sources: originally(found) });
  return differences.map((each) => ({ ...each, changeable: false }));
}

/** The same stream, made again so that its copies begin at this place. */
export function beginningBehind(queue: DeclaredStream, seq: number): DeclaredStream {
  const { sources = [], metadata } = queue;
  const [{ opt_start_seq, opt_start_time } = {}] = sources as readonly Partial<StreamSource>[];
  return {
    ...queue,
    sources: sources.map(({ opt_start_time: _, ...rest }) => ({ ...rest, opt_start_seq: seq })),
    metadata: { ...metadata, [BEGAN]: JSON.stringify({ opt_start_seq, opt_start_time }) },
  };
}

/** The sources as they were declared, also if the stream was made again at another place. */
function originally({ sources = [], metadata }: StreamConfig): readonly StreamSource[] {
  const before = metadata?.[BEGAN];
  if (before === undefined) return sources;
  try {
    const start = JSON.parse(before) as Partial<StreamSource>;
    return sources.map(({ opt_start_seq: _, ...rest }) => ({ ...rest, ...start }));
  } catch {
    return sources;
  }
}

const RECUT = "its partitions must stay as they are, so a change needs a consumer of another name";

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

/** Makes or checks the stream of the partitions, as declared. Returns the first stream, if it was asked. */
export async function declareQueue(
  api: JetStreamApi,
  settings: ConsumerSettings,
  stream: DeclaredStream,
  declare: Declare,
): Promise<StreamInfo | undefined> {
  if (declare === "leave") return undefined;
  await declareStream(api, stream, declare);
  const [origin] = await Promise.all([originOf(api, settings), checkGained(api, settings)]);
  const queue = queueConfig(settings, origin.config);
  await declareAsCut(api, settings, queue, declare);
  if (queue.sources?.[0]?.opt_start_time !== undefined) await copying(api, settings);
  return origin;
}

/** Makes the stream of the partitions, or changes what may change, also if other processes make it at the same time. */
async function declareAsCut(
  api: JetStreamApi,
  settings: ConsumerSettings,
  queue: DeclaredStream,
  declare: Declare,
): Promise<void> {
  const isMade = declare === "create" || declare === "update";
  if (!await isThere(api, settings, queue, isMade)) {
    try {
      // "update" would change what another process has made meanwhile
      await declareStream(api, queue, "create");
      return;
    } catch (error) {
      if (!(error instanceof DifferenceError)) throw error;
      await isThere(api, settings, queue, false);
    }
  }
  const { sources: _, metadata: __, ...changeable } = queue;
  await declareStream(api, changeable, declare);
}

/**
 * Resolves once the server has begun to copy. Before that no dead letter may be given back to a partition: the copies would
 * begin after its time instead of the time that is declared.
 *
 * @throws {UnavailableError} if the server does not begin in time
 */
async function copying(api: JetStreamApi, { stream, name }: ConsumerSettings): Promise<void> {
  const { clock } = api.access;
  const queue = queueOf(stream, name);
  const until = clock.now() + PATIENCE;
  for (;;) {
    const { sources: [source] = [] } = await api.call<CopyInfo>(`STREAM.INFO.${queue}`);
    if (source !== undefined && source.active >= 0) return;
    if (clock.now() >= until) {
      const rule = `the server must begin to copy "${stream}" to "${queue}" within ${PATIENCE} ms`;
      throw new UnavailableError(`start the consumer "${name}"`, rule);
    }
    await pause(clock, LOOK, api.access.stopping());
  }
}
