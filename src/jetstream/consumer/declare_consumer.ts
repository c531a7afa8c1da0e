import type { ConsumerConfig, ConsumerInfo } from "../api/api_types.ts";
import {
  ConflictError,
  type Difference,
  DifferenceError,
  JetStreamError,
  NotFoundError,
} from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import type { Declare } from "../stream/declare_stream.ts";
import { holds } from "../stream/differences.ts";
import { createSubject, originalStart, SPARED } from "./consumer_config.ts";

/** What a server cannot change of a consumer. */
const FIXED: ReadonlySet<string> = new Set([
  "deliver_policy",
  "opt_start_seq",
  "opt_start_time",
  "ack_policy",
  "replay_policy",
  "max_waiting",
  "mem_storage",
  "deliver_subject",
]);

/** "error creating store for consumer": the server was still removing the files of the deleted one. */
const REMOVED = 10012;
/** The most attempts to create it; after them the error is thrown. */
const MOST_TRIES = 3;

/** Which consumer is declared, and with what. */
export interface DeclaredConsumer {
  readonly stream: string;
  readonly config: ConsumerConfig & { readonly name: string };
  /**
   * The configuration without this package's own subjects, if the consumer is made with that; the missing subjects are no
   * difference.
   */
  readonly sparing?: ConsumerConfig | undefined;
}

/**
 * Has a consumer be as declared, as far as `declare` says; returns what the server has, `undefined` for `leave`, which
 * asks nothing. `check` is called before it is made.
 *
 * @throws {NotFoundError} if it is missing and is not to be made
 * @throws {DifferenceError} if it differs and is not to be changed, or cannot be; nothing was changed
 */
export async function declareConsumer(
  api: JetStreamApi,
  declared: DeclaredConsumer,
  declare: Declare,
  check: () => unknown = () => {},
): Promise<ConsumerInfo | undefined> {
  if (declare === "leave") return undefined;
  const found = await existing(api, declared, declare);
  if (found) return await adapted(api, declared, declare, found);
  await check();
  return await created(api, declared, declare);
}

/** Where declaring a consumer publishes to. */
export function consumerNeeds(
  prefix: string,
  { stream, config }: DeclaredConsumer,
  declare: Declare,
): string[] {
  if (declare === "leave") return [];
  const info = `${prefix}.CONSUMER.INFO.${stream}.${config.name}`;
  return declare === "verify" ? [info] : [info, `${prefix}.${createSubject(stream, config)}`];
}

/** Makes a consumer that was deleted; returns whether nobody else has made it meanwhile. */
export async function madeAgain(
  api: JetStreamApi,
  declared: DeclaredConsumer,
): Promise<boolean> {
  for (let tries = 1;; tries++) {
    try {
      await write(api, declared, declared.sparing ?? declared.config, "create");
      return true;
    } catch (error) {
      // another process has made it, so that it goes on at its own place
      if (error instanceof ConflictError) return false;
      const isPassing = error instanceof JetStreamError && error.errCode === REMOVED;
      if (!isPassing || tries === MOST_TRIES) throw error;
    }
  }
}

async function created(
  api: JetStreamApi,
  declared: DeclaredConsumer,
  declare: Declare,
): Promise<ConsumerInfo> {
  try {
    return await write(api, declared, declared.sparing ?? declared.config, "create");
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    // somebody else has made it meanwhile
    const found = await consumerInfo(api, declared);
    return await adapted(api, declared, declare, found);
  }
}

async function existing(
  api: JetStreamApi,
  declared: DeclaredConsumer,
  declare: Declare,
): Promise<ConsumerInfo | undefined> {
  try {
    return await consumerInfo(api, declared);
  } catch (error) {
    const isMissing = error instanceof NotFoundError && error.kind === "consumer";
    if (isMissing && declare !== "verify") return undefined;
    throw error;
  }
}

async function adapted(
  api: JetStreamApi,
  declared: DeclaredConsumer,
  declare: Declare,
  found: ConsumerInfo,
): Promise<ConsumerInfo> {
  const differences = differencesOf(declared.config, found.config);
  const isUnfit = declare === "update" && isUnspared(declared, found.config);
  if (differences.length === 0 && !isUnfit) return found;
  const what = nameOf(declared);
  if (declare !== "update") throw new DifferenceError(what, differences);
  if (differences.some(({ changeable }) => !changeable)) {
    throw new DifferenceError(what, differences, "nothing that differs must be unchangeable");
  }
  const wanted = isUnfit && declared.sparing || declared.config;
  return await write(api, declared, changed(found.config, wanted), "update");
}

/** How a consumer was changed since it was declared; a pause is no change. */
export function changeOf(
  declared: DeclaredConsumer,
  found: ConsumerInfo,
): DifferenceError | undefined {
  const differences = differencesOf(declared.config, found.config)
    .filter(({ field }) => field !== "pause_until");
  if (differences.length === 0) return undefined;
  const rule = "nobody must change it while it is used";
  return new DifferenceError(nameOf(declared), differences, rule);
}

function nameOf({ stream, config: { name } }: DeclaredConsumer): string {
  return `consumer "${name}" of "${stream}"`;
}

/** What the server has of a consumer. */
export function consumerInfo(
  api: JetStreamApi,
  { stream, config }: DeclaredConsumer,
): Promise<ConsumerInfo> {
  return api.call<ConsumerInfo>(`CONSUMER.INFO.${stream}.${config.name}`);
}

function write(
  api: JetStreamApi,
  { stream }: DeclaredConsumer,
  config: ConsumerConfig,
  action: "create" | "update",
): Promise<ConsumerInfo> {
  return api.call<ConsumerInfo>(createSubject(stream, config), {
    stream_name: stream,
    config,
    action,
  });
}

/**
 * Whether a consumer was made for all subjects of a stream, so that it would receive this package's own messages as jobs.
 */
function isUnspared({ sparing }: DeclaredConsumer, found: ConsumerConfig): boolean {
  const isWide = !found.filter_subject && !found.filter_subjects?.length;
  if (!sparing || !isWide && found.metadata?.[SPARED] === undefined) return false;
  return differencesOf({ filter_subjects: sparing.filter_subjects! }, found).length > 0;
}

/** The fields that a declaration names and that the server has otherwise. */
export function differencesOf(declared: ConsumerConfig, found: ConsumerConfig): Difference[] {
  const has = comparable({ ...found, ...originalStart(found) });
  const wanted = comparable(declared);
  // a push consumer is of another kind, and a consumer with a group serves no request that does not name the group
  const all = { deliver_subject: undefined, priority_policy: "none", ...wanted };
  return Object.entries(all).filter(([field, value]) =>
    field === "deliver_subject" ? has[field] : !isSame(has[field], value)
  ).map(([field, value]) => ({
    field,
    declared: value,
    found: has[field],
    changeable: !FIXED.has(field),
  }));
}

function isSame(found: unknown, declared: unknown): boolean {
  const isEmptyList = Array.isArray(declared) && declared.length === 0;
  return isEmptyList && !found || holds(found, declared);
}

/** One filter or several are written differently, and a time may have any zone. */
function comparable(config: ConsumerConfig): Record<string, unknown> {
  const { filter_subject, filter_subjects, opt_start_time, pause_until, ...rest } = config;
  const filters = filter_subject ? [filter_subject] : filter_subjects;
  return Object.fromEntries(
    Object.entries({
      ...rest,
      filter_subjects: filters,
      opt_start_time: opt_start_time && Date.parse(opt_start_time),
      pause_until: pause_until && Date.parse(pause_until),
    }).filter(([, value]) => value !== undefined),
  );
}

/** What the server has, with what is named in its place; where it begins was found to be the same. */
function changed(found: ConsumerConfig, declared: ConsumerConfig): ConsumerConfig {
  const { filter_subject: _, filter_subjects: __, ...rest } = found;
  const { deliver_policy: ___, opt_start_seq: ____, opt_start_time: _____, ...named } = declared;
  const own = Object.entries({ ...found.metadata, ...declared.metadata })
    .filter(([name]) => !name.startsWith("_nats."));
  if (!declared.priority_groups) {
    for (const field of ["priority_groups", "priority_policy", "priority_timeout"] as const) {
      delete rest[field];
    }
  }
  return { ...rest, ...named, metadata: Object.fromEntries(own) };
}
