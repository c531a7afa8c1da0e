/**
 * Middleware that nearly every service needs; each is a plain function around the rest of the chain.
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { retry, timeout } from "@signalbox/nats/middleware";
 * import { TestBroker } from "@signalbox/nats/testing";
 *
 * const inTime = timeout(2_000);
 * const fetchPrice = retry({ attempts: 5 }, ({ params }) => `${params.item} costs 5`);
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * broker.subscriber("price.{item}", (message) => inTime(message, () => fetchPrice(message)));
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
