import process from "node:process";
import { driven, versionOf } from "../driven.mjs";

const { ServiceBroker } = await import("moleculer");
const { NATS_URL: transporter } = process.env;

const server = new ServiceBroker({ nodeID: "server", transporter, logger: false });
server.createService({
  name: "orders",
  actions: {
    double({ params: { item, count } }) {
      return { item, count: count * 2 };
    },
  },
});
const client = new ServiceBroker({ nodeID: "client", transporter, logger: false });
await Promise.all([server.start(), client.start()]);
await client.waitForServices("orders");

// no publish: an event goes to the nodes that listen for it, and to no subject
await driven({
  version: versionOf("moleculer"),
  request: (order) => client.call("orders.double", order),
});
