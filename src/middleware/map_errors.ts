import type { AnyParams } from "../subject/subject.ts";
import { ReplyError } from "../errors.ts";
import type { Message } from "../message/message.ts";
import { callable } from "../options.ts";
import type { Middleware } from "./middleware.ts";
import { checkRequired } from "./checks.ts";

/**
 * Makes a middleware that turns the application's exceptions into errors for the caller. A `ReplyError` is for the
 * caller already and stays unchanged. If `map` returns the same error or nothing, the error also stays unchanged: the
 * caller gets a 500 without the error's text.
 *
 * @example
 * ```ts
 * import { NatsBroker, RemoteError, ReplyError } from "@signalbox/nats";
 * import { mapErrors } from "@signalbox/nats/middleware";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * broker.use(mapErrors((error) =>
 *   error instanceof Deno.errors.NotFound
 *     ? new ReplyError(404, "No such file", undefined, { cause: error })
 *     : error
 * ));
 * broker.subscriber("files", () => Deno.readTextFile("no such file"));
 *
 * await using _test = await TestBroker.start(broker);
 * await assertRejects(() => broker.request("files"), RemoteError, "404 No such file");
 * ```
 *
 * @param map returns the error to throw instead, or a promise of it
 * @throws {TypeError} if `map` is not a function
 */
export function mapErrors<State = unknown>(
  map: (
    error: unknown,
    message: Message<unknown, AnyParams, State>,
  ) => unknown,
): Middleware<State> {
  checkRequired("map errors", { map }, { map: callable });
  return async function mapErrors(message, next) {
    try {
      return await next();
    } catch (error) {
      if (error instanceof ReplyError) throw error;
      throw await map(error, message) ?? error;
    }
  };
}
