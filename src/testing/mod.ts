/**
 * For tests and first steps: a NATS server in this process, and a broker that connects to it.
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker("nats://production:4222");
 * broker.subscriber("add", ({ body }) => (body as number[]).reduce((sum, next) => sum + next));
 *
 * await using _test = await TestBroker.start(broker);
 * assertEquals((await broker.request("add", [1, 2, 3])).body, 6);
 * ```
 *
 * @module
 */
export { EmbeddedServer } from "./server/embedded_server.ts";
export * from "./server/options.ts";
export type { EmbeddedStats } from "./server/stats.ts";
export type { Duration } from "../duration.ts";
export { TestBroker } from "./test_broker.ts";
