import { type Bounds, DEFAULT_BOUNDS } from "../queue.ts";
import { isAsyncGenerator } from "../promises.ts";
import {
  LINK_RULES,
  type LinkOptions,
  type LinkSettings,
  linkSettings,
} from "../link/link_options.ts";
import type { AnyState, Message } from "../message/message.ts";
import { type Schema, standardSchema } from "../message/schema.ts";
import type { Middleware } from "../middleware/middleware.ts";
import {
  bytes,
  callable,
  checkOptions,
  count,
  decision,
  describe,
  flag,
  limit,
  middlewareList,
  record,
  wrongCall,
} from "../options.ts";
import type { Source, SourceDriver } from "../source/source.ts";
import { isToken, Pattern } from "../subject/subject.ts";

/** How to serve a subject. */
export interface SubscriberOptions<
  Body = unknown,
  Reply = unknown,
  State = AnyState,
> {
  /**
   * The queue group: only one of its members gets each message.
   *
   * @default {undefined: every subscriber gets it; "q" where the broker is a service}
   */
  readonly queue?: string;
  /** Checks and types the body; the caller gets a 400 for a body that does not fit. */
  readonly schema?: Schema<Body, unknown>;
  /** Checks the reply before the broker sends it; the caller gets a 500 for a reply that does not fit. */
  readonly replySchema?: Schema<unknown, Reply>;
  /**
   * Which messages this handler takes. Of several handlers on one subject, the first that takes a message handles it;
   * if no handler takes it, the caller gets a 404. The filter must not return a promise.
   *
   * @default {all}
   */
  readonly filter?: (message: Message) => boolean;
  /** Middleware for this handler only, inside the middleware of its router and broker. */
  readonly middleware?: readonly Middleware<State>[];
  /**
   * Where to publish the handler's value too, with the prefix of its router: subjects, or patterns of the same
   * parameters. A failed publication emits an `error` event; the caller still gets its answer.
   */
  readonly publishTo?: string | readonly string[];
  /**
   * Whether to leave requests unanswered, including errors.
   *
   * @default {false}
   */
  readonly noReply?: boolean;
  /**
   * How many handlers run at a time; 1 keeps the order. Handlers spend most of their time waiting on I/O, and a single
   * slow handler must not make all callers time out; the limit protects the services that the handlers use. Without this
   * option an `async function*` runs up to `maxStreams` times, as its readers set the pace.
   *
   * @default {64}
   */
  readonly concurrency?: number;
  /**
   * How streamed replies behave, if the handler is an `async function*`; the handler does not run if nobody gets its
   * parts.
   */
  readonly streams?: LinkOptions & {
    /**
     * How many streams may begin within a second; the next caller gets a 429.
     *
     * @default {Infinity}
     */
    readonly openingRate?: number;
  };
  /**
   * How many streamed replies may run here at a time. Beyond that number the broker ends, with error 429, the oldest
   * one whose reader has sent nothing since the opening; if every reader has sent something, the new caller gets a 429.
   *
   * @default {1_000}
   */
  readonly maxStreams?: number;
  /**
   * How much may wait for a handler; beyond it a caller gets a 429.
   *
   * @default {65_536 messages, 67_108_864 bytes}
   */
  readonly maxPending?: Partial<Bounds>;
}

/** How to subscribe without a handler. */
export type ReadOptions<Body = unknown> = Pick<
  SubscriberOptions<Body>,
  "queue" | "maxPending" | "schema"
>;

/** The options with their defaults filled in. */
export interface SubscriberSettings {
  readonly queue: string | undefined;
  readonly publishTo: readonly Pattern[];
  readonly noReply: boolean;
  readonly concurrency: number;
  readonly streams: LinkSettings;
  readonly maxStreams: number;
  readonly openingRate: number;
  readonly bounds: Bounds;
  /** The given options that apply to all handlers of the subject. */
  readonly shared: readonly string[];
}

const subjects = (value: unknown) =>
  typeof value === "string" || (Array.isArray(value) && value.length > 0)
    ? undefined
    : "a subject or several";

const RULES = {
  queue: (value: unknown) =>
    isToken(value) ? undefined : "one token without blanks and control characters",
  schema: standardSchema,
  replySchema: standardSchema,
  filter: decision,
  middleware: middlewareList,
  publishTo: subjects,
  noReply: flag,
  concurrency: count,
  streams: record,
  maxStreams: count,
  maxPending: record,
};

const READ_RULES = {
  queue: RULES.queue,
  schema: RULES.schema,
  maxPending: RULES.maxPending,
};

const STREAM_RULES = { ...LINK_RULES, openingRate: limit(count) };

/** Options to give with the first handler of a subject, as they apply to all of its handlers. */
const SHARED = [
  "publishTo",
  "noReply",
  "concurrency",
  "streams",
  "maxStreams",
  "maxPending",
] as const;

/** @throws {InvalidSubjectError} */
function publishedTo(target: string, pattern: Pattern): Pattern {
  const action = "publish replies";
  return new Pattern(target, action).checkFillable(action).within(pattern);
}

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} naming the first option that is unknown or wrong
 * @throws {InvalidSubjectError} for a subject in `publishTo`
 */
export function subscriberSettings(
  pattern: Pattern,
  options: SubscriberOptions<never, never>,
  handler: unknown,
): SubscriberSettings {
  const action = `subscribe to "${pattern.text}"`;
  checkOptions(action, options, handler ? RULES : READ_RULES);
  checkOptions(action, options.maxPending, { messages: count, bytes });
  checkOptions(action, options.streams, STREAM_RULES);
  const { queue, publishTo = [], noReply = false, streams = {}, maxPending } = options;
  const targets = typeof publishTo === "string" ? [publishTo] : publishTo;
  const bounds = {
    messages: maxPending?.messages ?? DEFAULT_BOUNDS.messages,
    bytes: maxPending?.bytes ?? DEFAULT_BOUNDS.bytes,
  };
  return {
    queue,
    publishTo: targets.map((target) => publishedTo(target, pattern)),
    noReply,
    concurrency: options.concurrency ?? (isAsyncGenerator(handler) ? Infinity : 64),
    streams: linkSettings(action, streams),
    maxStreams: options.maxStreams ?? 1_000,
    openingRate: streams.openingRate ?? Infinity,
    bounds,
    shared: SHARED.filter((key) => options[key] !== undefined),
  };
}

/** Options that say how to reply, or which subscription to share; a source settles and subscribes by itself. */
const OF_SUBJECTS = [
  "queue",
  "replySchema",
  "publishTo",
  "noReply",
  "streams",
  "maxStreams",
] as const;

/**
 * Checks the options and the handler for a source.
 *
 * @throws {TypeError} for what only a subject can have, and without a handler
 */
export function checkForSource(
  { name }: Source,
  { batch }: Pick<SourceDriver, "batch">,
  options: SubscriberOptions<never, never>,
  handler: unknown,
): void {
  const action = `subscribe to "${name}"`;
  if (!handler) throw new TypeError(`Cannot ${action} as a source must have a handler`);
  if (isAsyncGenerator(handler)) {
    throw new TypeError(`Cannot ${action} as its handler must not yield parts`);
  }
  const unfit = OF_SUBJECTS.find((option) => options[option] !== undefined) ??
    (batch && options.filter ? "filter" : undefined);
  if (unfit === undefined) return;
  const rule = unfit === "filter" ? "of single messages" : "of a subject";
  throw new TypeError(`Cannot ${action} as "${unfit}" must be an option ${rule}: it is a source`);
}

/**
 * Reads the arguments of a registration. Options in the handler's place, and an `undefined` handler, are errors, as
 * they would make a subscriber that nobody reads.
 *
 * @throws {TypeError} that shows the right call
 */
export function readCall<Handles extends (...given: never[]) => unknown, Options extends object>(
  method: "subscriber" | "session",
  pattern: string,
  given: readonly unknown[],
): { readonly options: Options; readonly handler: Handles | undefined } {
  const last = given.at(-1);
  const handler = given.length > 0 && callable(last) === undefined ? last as Handles : undefined;
  const isRead = method === "subscriber" && given.length === 1 && typeof last === "object";
  const isFitting = handler
    ? given.length <= 2 && handler.length <= 1
    : given.length === 0 || isRead;
  if (!isFitting) {
    const handled = method === "session" ? "(session) => …" : "(message) => …";
    const found = given.map(describe).join(", ");
    throw wrongCall(
      `call ${method}(${describe(pattern)}, ${found})`,
      `${method}(pattern, options, ${handled})`,
    );
  }
  if (handler && cannotHandle(handler, method)) {
    const right = method === "session" ? "async (session) => …" : "async function* (message) { … }";
    throw wrongCall(
      `call ${method}(${describe(pattern)}, …)`,
      `${method}(pattern, options, ${right})`,
    );
  }
  const [first] = handler && given.length === 1 ? [] : given;
  return { options: (first === undefined ? {} : first) as Options, handler };
}

/** Rejects generators that would never run: every generator of a session, and a sync generator of a subscriber. */
function cannotHandle(handler: object, method: "subscriber" | "session"): boolean {
  const kind = Object.prototype.toString.call(handler);
  return kind === "[object GeneratorFunction]" ||
    method === "session" && kind === "[object AsyncGeneratorFunction]";
}
