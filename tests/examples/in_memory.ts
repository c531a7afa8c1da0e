/**
 * A broker, a handler and a request without any permission: nothing leaves the process.
 *
 * ```sh
 * deno run tests/examples/in_memory.ts
 * ```
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { TestBroker } from "@signalbox/nats/testing";

const broker = new NatsBroker("nats://production:4222", { logger: false });
broker.subscriber("add", ({ body }) => (body as number[]).reduce((sum, next) => sum + next));

await using _test = await TestBroker.start(broker);
console.log((await broker.request("add", [1, 2, 3])).body);
