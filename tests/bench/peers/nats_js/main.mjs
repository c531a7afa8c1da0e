import process from "node:process";
import { driven, versionOf } from "../driven.mjs";

const transport = globalThis.Deno ? "@nats-io/transport-deno" : "@nats-io/transport-node";
const { connect } = await import(transport);
const { NATS_URL: servers, SUBJECT } = process.env;

const { sendWithoutDelay } = process.argv.includes("--no-delay")
  ? await import("../../without_delay.ts")
  : { sendWithoutDelay() {} };

const server = await connect({ servers });
sendWithoutDelay(server);
server.subscribe(SUBJECT, {
  callback: (_error, message) => {
    const { item, count } = message.json();
    message.respond(JSON.stringify({ item, count: count * 2 }));
  },
});
await server.flush();

const client = await connect({ servers });
sendWithoutDelay(client);

await driven({
  version: globalThis.Deno
    ? import.meta.resolve(transport).match(/[@/](\d+\.\d+\.\d+)\//)?.[1] ?? "unknown"
    : versionOf(transport),
  request: async (order) => {
    const message = await client.request(SUBJECT, JSON.stringify(order), { timeout: 10_000 });
    return message.json();
  },
  publish: (subject, order) => client.publish(subject, JSON.stringify(order)),
  flush: () => client.flush(),
});
