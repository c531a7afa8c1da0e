import settings from "../../../../deno.json" with { type: "json" };
import { NatsBroker } from "../../../../mod.ts";
import { jetstream } from "../../../../src/jetstream/mod.ts";
import { kv } from "../../../../src/kv/mod.ts";
import { objects } from "../../../../src/obj/mod.ts";
import { driven } from "../driven.mjs";
import { stored } from "../stored.mjs";

interface Order {
  readonly item: string;
  readonly count: number;
}

const url = Deno.env.get("NATS_URL")!;
const subject = Deno.env.get("SUBJECT")!;
const place = Deno.env.get("PLACE")!;

await using server = new NatsBroker(url, { logger: false });
server.subscriber(subject, ({ body }) => {
  const { item, count } = body as Order;
  return { item, count: count * 2 };
});
await server.start();

await using client = new NatsBroker(url, { logger: false });
await client.connect();

function open() {
  const [js, bucket, files] = [jetstream(client), kv(client, place), objects(client, place)];
  return {
    publish: async (body: Uint8Array) => (await js.publish(`${subject}.stored`, body)).seq,
    put: (key: string, value: Uint8Array) => bucket.put(key, value),
    get: async (key: string) => (await bucket.get(key))?.value,
    putObject: (name: string, body: ReadableStream<Uint8Array>) => files.put(name, body),
    getObject: async (name: string) => (await files.get(name))?.readable,
  };
}

await driven({
  version: settings.version,
  request: async (order: Order) => (await client.request(subject, order)).body,
  publish: (to: string, order: Order) => client.publish(to, order),
  flush: () => client.flush(),
  works: stored(open),
});
