import { asMilliseconds, type Duration } from "../duration.ts";
import type { AnyParams } from "../subject/subject.ts";
import { clockOfWork } from "../message/work.ts";
import { ReplyError } from "../errors.ts";
import { ERROR_CODES } from "../message/reply.ts";
import type { Message } from "../message/message.ts";
import { count, decision, describe, milliseconds, type Rule } from "../options.ts";
import { isThenable } from "../promises.ts";
import type { Middleware } from "./middleware.ts";
import { checkRequired } from "./checks.ts";
import { RateLimiter } from "../pacing.ts";

/** How many messages may pass. */
export interface ThrottleOptions<State = unknown> {
  /** How many messages may pass at once, and within each `interval` in the long run. */
  readonly limit: number;
  /** The time in which `limit` messages may pass; half an interval restores half of the limit. */
  readonly interval: Duration;
  /**
   * The key whose limit a message counts towards.
   *
   * @default {one limit for all messages}
   */
  readonly key?: (
    message: Message<unknown, AnyParams, State>,
  ) => string;
  /**
   * How many keys to remember; beyond that number, the key unused for longest starts with a full limit again.
   *
   * @default {10_000}
   */
  readonly maxKeys?: number;
}

const someTime: Rule = (value) =>
  milliseconds(value) ??
    (asMilliseconds(value as Duration) > 0 ? undefined : "more than 0 milliseconds");
const RULES = { limit: count, interval: someTime, key: decision, maxKeys: count };

/**
 * Makes a middleware that lets a limited number of messages through, as a token bucket does. Beyond the limit it
 * answers a request with 429 and `{ retryAfter }`, the milliseconds until the next message may pass, and drops a
 * message that wants no answer.
 *
 * @example
 * ```ts
 * import { type Message, NatsBroker, RemoteError } from "@signalbox/nats";
 * import { throttle } from "@signalbox/nats/middleware";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const key = ({ headers }: Message) => headers.get("tenant") ?? "";
 * broker.use(throttle({ limit: 1, interval: "1m", key }));
 * broker.subscriber("backup", () => "done");
 *
 * await using _test = await TestBroker.start(broker);
 * await broker.request("backup", undefined, { headers: { tenant: "a" } });
 * await broker.request("backup", undefined, { headers: { tenant: "b" } });
 * await assertRejects(
 *   () => broker.request("backup", undefined, { headers: { tenant: "a" } }),
 *   RemoteError,
 *   "429 Too many messages",
 * );
 * ```
 *
 * @throws {TypeError} naming the first option that is missing, unknown or wrong
 */
export function throttle<State = unknown>(options: ThrottleOptions<State>): Middleware<State> {
  checkRequired("throttle", options, RULES, ["limit", "interval"]);
  const { limit, key = () => "", maxKeys = 10_000 } = options;
  const buckets = new RateLimiter({ limit, interval: asMilliseconds(options.interval) }, maxKeys);
  return function throttle(message, next) {
    const retryAfter = buckets.take(keyOf(key(message)), clockOfWork().now());
    if (retryAfter <= 0) return next();
    throw new ReplyError(ERROR_CODES.tooMany, "Too many messages", { retryAfter });
  };
}

/** Rejects promises and objects: each would be a new key, so that no key would ever reach its limit. */
function keyOf(key: unknown): string {
  if (typeof key === "object" || typeof key === "function") {
    // nobody else awaits it
    if (isThenable(key)) Promise.resolve(key).catch(() => {});
    throw new TypeError(`Cannot throttle as "key" must give text: ${describe(key)}`);
  }
  return String(key);
}
