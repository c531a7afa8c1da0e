import { type Bounds, DEFAULT_BOUNDS } from "../backlog.ts";
import { isAsyncGenerator } from "../link/async_iterable.ts";
import {
  LINK_RULES,
  type LinkOptions,
  type LinkSettings,
  linkSettings,
} from "../link/link_options.ts";
import type { Message } from "../message/message.ts";
import { type Schema, standardSchema } from "../message/schema.ts";
import type { Middleware } from "../middleware/middleware.ts";
import {
  bytes,
  checkOptions,
  count,
  decision,
  flag,
  limit,
  middlewareList,
  record,
} from "../options.ts";
import { Pattern } from "../subject/pattern.ts";
import { isToken } from "../subject/subject.ts";

/** How a subject is served. */
export interface SubscriberOptions<
  Body = unknown,
  Reply = unknown,
  State = Readonly<Record<string, unknown>>,
> {
  /**
   * The queue group: of all its members, one gets a message.
   *
   * @default {undefined: every subscriber gets it; "q" where the broker is a service}
   */
  readonly queue?: string;
  /** Checks the body and gives it its type; a body that does not fit is answered with 400. */
  readonly schema?: Schema<Body>;
  /** Checks the reply before it is sent; one that does not fit is answered with 500. */
  readonly replySchema?: Schema<unknown, Reply>;
  /**
   * Which messages this handler is for; of several handlers on one subject, the first that takes a message handles
   * it, and one that none takes is answered with 404. It answers at once: a promise is refused.
   *
   * @default {all}
   */
  readonly filter?: (message: Message) => boolean;
  /** What stands around this handler alone, within the middleware of its router and broker. */
  readonly middleware?: readonly Middleware<State>[];
  /**
   * Where what the handler gives back is published as well, below the prefix of its router: subjects, or patterns of the
   * same parameters. What cannot be published is an `error` event; the caller has its answer.
   */
  readonly publishTo?: string | readonly string[];
  /** Whether requests are left unanswered, errors included. @default {false} */
  readonly noReply?: boolean;
  /**
   * How many handlers run at a time; 1 keeps the order. Handlers wait for others most of their time, and one that is
   * slow must not have all callers time out; so many that they cannot overwhelm what they wait for.
   *
   * @default {64}; as many as `maxStreams` lets for an `async function*`, whose readers set the pace
   */
  readonly concurrency?: number;
  /** How streamed replies behave, where the handler is an `async function*`; parts that nobody gets are not made. */
  readonly streams?: LinkOptions & {
    /** How many may begin within a second; the next is answered with 429. @default {Infinity} */
    readonly openingRate?: number;
  };
  /**
   * How many streamed replies may be at work here at a time. Beyond it the oldest whose reader has not said a word ends with
   * an error of 429, and where all have, the next is answered with 429.
   *
   * @default {1_000}
   */
  readonly maxStreams?: number;
  /** How much may wait for a handler; beyond it a caller is told 429. @default {{ messages: 65_536, bytes: 67_108_864 }} */
  readonly maxPending?: Partial<Bounds>;
}

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
  /** The options that were given and are for all handlers of the subject. */
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

const STREAM_RULES = { ...LINK_RULES, openingRate: limit(count) };

/** What is given with the first handler of a subject, as it is for all of them. */
const SHARED = [
  "publishTo",
  "noReply",
  "concurrency",
  "streams",
  "maxStreams",
  "maxPending",
] as const;

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
  const { queue: queueRule, maxPending: pendingRule } = RULES;
  checkOptions(action, options, handler ? RULES : { queue: queueRule, maxPending: pendingRule });
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
    publishTo: targets.map((target) => new Pattern(target).checkFillable().within(pattern)),
    noReply,
    concurrency: options.concurrency ?? (isAsyncGenerator(handler) ? Infinity : 64),
    streams: linkSettings(action, streams),
    maxStreams: options.maxStreams ?? 1_000,
    openingRate: streams.openingRate ?? Infinity,
    bounds,
    shared: SHARED.filter((key) => options[key] !== undefined),
  };
}
