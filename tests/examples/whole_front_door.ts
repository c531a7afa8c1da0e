/** Uses all that the front door offers, on the server it is given. */
import { NatsBroker } from "@signalbox/nats";

const [server] = Deno.args;
await using broker = new NatsBroker(server, { inboxPrefix: "_AUDIT", logger: false });
broker.subscriber("audit.{name}", { queue: "auditors" }, ({ params }) => `Hello, ${params.name}`);
await broker.start();
await broker.ping();

await using inbox = await broker.openInbox({ max: 1, idleTimeout: 5_000 });
await broker.publish(inbox.subject, { kept: true });
for await (const { body } of inbox) console.log(body);

console.log((await broker.request("audit.Ada")).body);
