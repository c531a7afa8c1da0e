import process from "node:process";
import { driven, versionOf } from "../driven.mjs";

const { connect } = await import("@nats-io/transport-node");
const { Svcm } = await import("@nats-io/services");
const { NATS_URL: servers, SUBJECT } = process.env;

const server = await connect({ servers });
const service = await new Svcm(server).add({ name: "orders", version: "1.0.0" });
service.addEndpoint("double", {
  subject: SUBJECT,
  handler: (_error, message) => {
    const { item, count } = message.json();
    message.respond(JSON.stringify({ item, count: count * 2 }));
  },
});
await server.flush();

const client = await connect({ servers });

await driven({
  version: versionOf("@nats-io/services"),
  request: async (order) => {
    const message = await client.request(SUBJECT, JSON.stringify(order), { timeout: 10_000 });
    return message.json();
  },
});
