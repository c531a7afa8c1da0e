/** Uses all that the front door offers, on the server it is given. */
import { NatsBroker } from "@signalbox/nats";

const [server] = Deno.args;
await using broker = new NatsBroker(server, { inboxPrefix: "_AUDIT", logger: false });
broker.subscriber("audit.{name}", { queue: "auditors" }, ({ params }) => `Hello, ${params.name}`);
broker.subscriber("count.{to}", async function* ({ params }) {
  for (let n = 1; n <= Number(params.to); n++) yield n;
});
broker.session("echo", async (session) => {
  for await (const { body } of session) await session.send(body);
});
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
