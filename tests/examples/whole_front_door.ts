/** Uses all that the front door offers, on the server it is given, with options as JSON if need be. */
import { NatsBroker, NatsRouter } from "@signalbox/nats";

const [server, options = "{}"] = Deno.args;
await using broker = new NatsBroker(server, {
  ...JSON.parse(options),
  inboxPrefix: "_AUDIT",
  service: { name: "audit", version: "1.0.0" },
  logger: false,
});
broker.subscriber("audit.{name}", { queue: "auditors" }, ({ params }) => `Hello, ${params.name}`);
broker.subscriber("count.{to}", async function* ({ params }) {
  for (let n = 1; n <= Number(params.to); n++) yield n;
});
broker.session("echo", async (session) => {
  for await (const { body } of session) await session.send(body);
});
const router = new NatsRouter();
router.subscriber("prices.{item}", ({ params }) => params.item.length);
const price = router.publisher("prices.{item}");
broker.include(router, { prefix: "v1." });
const reader = broker.subscriber("read");
await broker.start();
await broker.ping();

await using inbox = await broker.openInbox({ max: 1, idleTimeout: 5_000 });
await broker.publish(inbox.subject, { kept: true });
for await (const { body } of inbox) console.log(body);

console.log((await broker.request("audit.Ada")).body);

for await (const { body } of broker.requestStream("count.2")) console.log(body);

await using session = await broker.openSession("echo");
await session.send("said");
console.log((await session.next())?.body);

console.log((await price.request({ item: "pen" })).body);

for await (const { body } of broker.requestMany("audit.Bob", null, { max: 1 })) console.log(body);

await broker.publish("read", "read");
console.log((await reader.next())?.body);

console.log(((await broker.request("$SRV.PING.audit")).body as { name: string }).name);

console.log(broker.permissions().claims.pub);
