import settings from "../../../../deno.json" with { type: "json" };
import { NatsBroker } from "../../../../mod.ts";
import { driven } from "../driven.mjs";

interface Order {
  readonly item: string;
  readonly count: number;
}

const url = Deno.env.get("NATS_URL")!;
const subject = Deno.env.get("SUBJECT")!;

await using server = new NatsBroker(url, { logger: false });
server.subscriber(subject, ({ body }) => {
  const { item, count } = body as Order;
  return { item, count: count * 2 };
});
await server.start();

await using client = new NatsBroker(url, { logger: false });
await client.connect();

await driven({
  version: settings.version,
  request: async (order: Order) => (await client.request(subject, order)).body,
  publish: (to: string, order: Order) => client.publish(to, order),
  flush: () => client.flush(),
});
