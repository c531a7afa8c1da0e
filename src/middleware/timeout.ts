import { clockOfWork } from "../message/work.ts";
import { ReplyError } from "../errors.ts";
import { ERROR_CODES } from "../message/error_codes.ts";
import { ReceivedMessage, receptionOf } from "../message/message.ts";
import { milliseconds as duration } from "../options.ts";
import type { Middleware } from "./middleware.ts";
import { checkRequired } from "./required.ts";

/**
 * Makes a middleware that answers with 504 where what is behind it takes longer than so many `milliseconds` to answer,
 * or to accept a session or begin a stream, which may then go on for as long as they like. It ends the caller's wait,
 * not the work: `message.signal` is the broker's and is not aborted, and how the work ends later is nobody's concern.
 *
 * @example
 * ```ts
 * import { NatsBroker, RemoteError } from "@signalbox/nats";
 * import { timeout } from "@signalbox/nats/middleware";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const soon = timeout(50);
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * broker.subscriber("report", (message) => soon(message, () => new Promise(() => {})));
 *
 * await using _test = await TestBroker.start(broker);
 * await assertRejects(() => broker.request("report"), RemoteError, "504 No reply within 50 ms");
 * ```
 *
 * @param milliseconds how long it may take
 * @throws {TypeError} if `milliseconds` is not from 0 to 2147483647
 */
export function timeout(milliseconds: number): Middleware<unknown> {
  checkRequired("make a timeout", { milliseconds }, { milliseconds: duration });
  return async function timeout(message, next) {
    // a TimeoutError of what is behind must stay what it is, so this deadline rejects with its own error
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
  return message instanceof ReceivedMessage && receptionOf(message)?.isLed === true;
}
