import type { AnyParams } from "../subject/subject.ts";
import type { Message } from "../message/message.ts";
import { callable } from "../options.ts";
import type { Middleware } from "./middleware.ts";
import { checkRequired } from "./checks.ts";

/**
 * Makes a middleware that replies with a value when the handler or a later middleware throws. `replace` gets every
 * error, including each `ReplyError`; it should throw an error again that it has no reply for.
 *
 * @example
 * ```ts
 * import { NatsBroker, ReplyError } from "@signalbox/nats";
 * import { recover } from "@signalbox/nats/middleware";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * broker.use(recover((error) => {
 *   if (error instanceof ReplyError && error.code === 404) return [];
 *   throw error;
 * }));
 * broker.subscriber("orders", () => Promise.reject(new ReplyError(404, "No orders")));
 *
 * await using _test = await TestBroker.start(broker);
 * assertEquals((await broker.request("orders")).body, []);
 * ```
 *
 * @param replace returns the reply, or a promise of it
 * @throws {TypeError} if `replace` is not a function
 */
export function recover<State = unknown>(
  replace: (
    error: unknown,
    message: Message<unknown, AnyParams, State>,
  ) => unknown,
): Middleware<State> {
  checkRequired("recover", { replace }, { replace: callable });
  return async function recover(message, next) {
    try {
      return await next();
    } catch (error) {
      return replace(error, message);
    }
  };
}
