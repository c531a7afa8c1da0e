import { asMilliseconds, type Duration } from "../duration.ts";
import { clockOfWork } from "../message/work.ts";
import { ReplyError } from "../errors.ts";
import { ERROR_CODES } from "../message/reply.ts";
import { ReceivedMessage } from "../message/message.ts";
import { milliseconds as aDuration } from "../options.ts";
import type { Middleware } from "./middleware.ts";
import { checkRequired } from "./checks.ts";

/**
 * Makes a middleware that answers with 504 when the handler takes longer than `duration` to answer, to accept a
 * session or to begin a stream; an accepted session or a stream may then last as long as it likes. The middleware ends
 * the caller's wait, not the handler: it does not abort `message.signal`, and ignores how the handler ends later.
 *
 * @example
 * ```ts
 * import { NatsBroker, RemoteError } from "@signalbox/nats";
 * import { timeout } from "@signalbox/nats/middleware";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * broker.use(timeout("50ms"));
 * broker.subscriber("report", () => new Promise(() => {}));
 *
 * await using _test = await TestBroker.start(broker);
 * await assertRejects(() => broker.request("report"), RemoteError, "504 No reply within 50 ms");
 * ```
 *
 * @param duration how long the handler may take
 * @throws {TypeError} if `duration` is not from 0 to 2147483647 ms
 */
export function timeout(duration: Duration): Middleware<unknown> {
  checkRequired("make a timeout", { duration }, { duration: aDuration });
  const milliseconds = asMilliseconds(duration);
  return async function timeout(message, next) {
    // a TimeoutError of the handler must pass unchanged, so this deadline rejects with its own error
    const late = Promise.withResolvers<never>();
    const timer = clockOfWork().setTimeout(() => {
      if (hasBegun(message)) return;
      late.reject(new ReplyError(ERROR_CODES.deadline, `No reply within ${milliseconds} ms`));
    }, milliseconds);
    try {
      return await Promise.race([next(), late.promise]);
    } finally {
      timer.clear();
    }
  };
}

function hasBegun(message: unknown): boolean {
  return message instanceof ReceivedMessage && message.isUpgraded;
}
