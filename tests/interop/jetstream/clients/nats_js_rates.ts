/**
 * How many messages nats.js publishes and pulls in a second, each acknowledged, as JSON; the address of the server is
 * the argument.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any
type Loose = any;

const load = async (name: string): Promise<Loose> => await import(`npm:@nats-io/${name}@3`);
const { connect } = await load("transport-node");
const { AckPolicy, jetstream, jetstreamManager } = await load("jetstream");

const COUNT = 10_000;
const AT_ONCE = 100;

async function rateOf(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return Math.round(COUNT / (performance.now() - start) * 1_000);
}

const connection = await connect({ servers: Deno.args[0] });
const [js, jsm] = [jetstream(connection), await jetstreamManager(connection)];
await jsm.streams.add({ name: "R", subjects: ["r"], storage: "memory" });
await jsm.consumers.add("R", { durable_name: "c", ack_policy: AckPolicy.Explicit });
const body = new Uint8Array(100);
const publish = await rateOf(async () => {
  for (let i = 0; i < COUNT; i += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => js.publish("r", body)));
  }
});
const pull = await rateOf(async () => {
  const consumer = await js.consumers.get("R", "c");
  for (let i = 0; i < COUNT; i += AT_ONCE) {
    for await (const message of await consumer.fetch({ max_messages: AT_ONCE })) message.ack();
  }
});
console.log(JSON.stringify({ publish, pull }));
await connection.close();
