/**
 * Middleware that nearly every service needs. `broker.use()` wraps every handler in one; the option `middleware` of a
 * subscriber wraps one handler.
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { logging, retry, timeout } from "@signalbox/nats/middleware";
 * import { TestBroker } from "@signalbox/nats/testing";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * broker.use(logging(console)).use(timeout("2s"));
 * broker.subscriber("price.{item}", retry({ attempts: 5 }, ({ params }) => `${params.item} costs 5`));
 *
 * await using _test = await TestBroker.start(broker); // with a nats-server: await broker.start()
 * console.log((await broker.request("price.tea")).body); // tea costs 5
 * ```
 *
 * @module
 */
export { logging } from "./logging.ts";
export { mapErrors } from "./map_errors.ts";
export { recover } from "./recover.ts";
export { retry } from "./retry.ts";
export { throttle } from "./throttle.ts";
export { timeout } from "./timeout.ts";

export type { Duration } from "../duration.ts";
export type { LogLevel } from "./checks.ts";
export type { LoggingOptions } from "./logging.ts";
export type { Middleware } from "./middleware.ts";
export type { RetryOptions } from "./retry.ts";
export type { ThrottleOptions } from "./throttle.ts";
