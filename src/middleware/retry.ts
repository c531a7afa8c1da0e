import { asMilliseconds, type Duration } from "../duration.ts";
import { clockOfWork } from "../message/work.ts";
import { ReplyError } from "../errors.ts";
import type { Message } from "../message/message.ts";
import { callable, checkOptions, count, decision, milliseconds } from "../options.ts";
import { isThenable } from "../promises.ts";
import { pause } from "../deadline.ts";
import { checkRequired } from "./checks.ts";

/** How often to run a handler again, and after which errors. */
export interface RetryOptions {
  /**
   * The number of runs at most, including the first.
   *
   * @default {3}
   */
  readonly attempts?: number;
  /**
   * The longest wait before the second run; it doubles with every run.
   *
   * @default {100}
   */
  readonly delay?: Duration;
  /**
   * The upper limit of the doubled wait.
   *
   * @default {5_000}
   */
  readonly maxDelay?: Duration;
  /**
   * Whether to run again after this error of this run, counted from 1.
   *
   * @default {all but a `ReplyError` below 500}
   */
  readonly when?: (error: unknown, attempt: number) => boolean;
}

const RULES = { attempts: count, delay: milliseconds, maxDelay: milliseconds, when: decision };

/**
 * Wraps a handler so that it runs again when it throws. The waits are random, up to a bound that doubles. After the
 * last run, or at once when `message.signal` aborts, it throws the last error. It is not a middleware, as a middleware
 * may call `next` only once: only the handler must tolerate several runs, and every middleware sees one message.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { retry } from "@signalbox/nats/middleware";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * let runs = 0;
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * broker.subscriber("price.{item}", retry({ delay: 10 }, ({ params }) => {
 *   if (++runs < 3) throw new Error("The shop is busy");
 *   return { item: params.item, price: 5 };
 * }));
 *
 * await using _test = await TestBroker.start(broker);
 * assertEquals((await broker.request("price.tea")).body, { item: "tea", price: 5 });
 * ```
 *
 * @throws {TypeError} naming the first option that is unknown or wrong
 */
export function retry<Received extends { readonly signal: AbortSignal } = Message>(
  options: RetryOptions,
  handler: (message: Received) => unknown,
): (message: Received) => Promise<unknown> {
  checkOptions("retry", options, RULES);
  checkRequired("retry", { handler }, { handler: callable });
  const { attempts = 3, when = mayPass } = options;
  const delay = asMilliseconds(options.delay ?? 100);
  const maxDelay = asMilliseconds(options.maxDelay ?? 5_000);
  return async function retry(message) {
    for (let attempt = 1, longest = delay;; attempt++, longest *= 2) {
      try {
        return await handler(message);
      } catch (error) {
        if (attempt >= attempts || !decided(when(error, attempt), error)) throw error;
        const { signal } = message;
        const clock = clockOfWork();
        await pause(clock, clock.random() * Math.min(longest, maxDelay), signal);
        if (signal.aborted) throw error;
      }
    }
  };
}

/** Rejects a promise, which would count as a yes whatever it resolves with. */
function decided(answer: unknown, cause: unknown): boolean {
  if (!isThenable(answer)) return Boolean(answer);
  Promise.resolve(answer).catch(() => {});
  throw new TypeError(`Cannot retry as "when" must give true or false: a promise`, { cause });
}

/** A `ReplyError` below 500 says that the request is wrong, so another run would fail too. */
function mayPass(error: unknown): boolean {
  return !(error instanceof ReplyError) || error.code >= 500;
}
